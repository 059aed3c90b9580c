/** What stands before every route: security headers, login, and proof that a change was asked for by our own page. */
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Access, Session } from './access.ts';

/** Open to everybody, besides `/healthz`: what the login and set-up forms need. */
export const publicPaths: readonly string[] = [
  '/healthz',
  '/login',
  '/setup',
  '/api/login',
  '/api/setup',
  '/assets/page.css',
  '/assets/login.js',
  '/assets/icon.svg',
];

/** Everything comes from this box; nothing inline, nothing framed. */
const contentPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

export const securityHeaders: RequestHandler = (_request, response, next) => {
  response.set({
    'Content-Security-Policy': contentPolicy,
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
    'Cache-Control': 'no-store',
  });
  next();
};

export interface Visitor {
  /** Null with a token. */
  session: Session | null;
}

/** Lets in who has a session or the token; others get 401, and people the form. */
export function requireLogin(access: Access, cookieName: string): RequestHandler {
  return (request, response, next) => {
    const token = bearer(request);
    if (token !== null) {
      if (access.checkToken(token)) return enter(response, { session: null }, next);
      return deny(response, 'the token is not valid');
    }
    const session = sessionOf(request, access, cookieName);
    if (session !== null) return enter(response, { session }, next);
    if (request.method === 'GET' && !request.path.startsWith('/api/') && request.accepts(['json', 'html']) === 'html') {
      response.redirect(302, access.passwordSet ? '/login' : '/setup');
      return;
    }
    deny(response, 'log in first, or send the API token');
  };
}

export function sessionOf(request: Request, access: Access, cookieName: string): Session | null {
  const token = cookie(request, cookieName);
  return token === null ? null : access.session(token);
}

/** For everything that changes something, after `requireLogin`. A token is no cookie: no other site can make a browser send it. */
export const requireOwnPage: RequestHandler = (request, response, next) => {
  if (request.method === 'GET' || request.method === 'HEAD') return next();
  const { session } = visitor(response);
  if (session === null) return next();
  if (!sameOrigin(request) || request.get('x-csrf-token') !== session.csrf) {
    response.status(403).json({ ok: false, reason: 'invalid', text: 'this request did not come from the page of this box: load it again' });
    return;
  }
  next();
};

/** For login and set-up, where there is no session yet: what browsers say of where a request comes from. */
export const requireSameOrigin: RequestHandler = (request, response, next) => {
  if (sameOrigin(request)) return next();
  response.status(403).json({ ok: false, reason: 'invalid', text: 'this request came from another site' });
};

export function visitor(response: Response): Visitor {
  return response.locals.visitor as Visitor;
}

function enter(response: Response, who: Visitor, next: NextFunction): void {
  response.locals.visitor = who;
  next();
}

function deny(response: Response, text: string): void {
  response.status(401).set('WWW-Authenticate', 'Bearer').json({ ok: false, reason: 'invalid', text });
}

function sameOrigin(request: Request): boolean {
  const site = request.get('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const origin = request.get('origin');
  // Without both it is no browser.
  if (origin === undefined) return true;
  try {
    return new URL(origin).host === request.get('host');
  } catch {
    return false;
  }
}

function bearer(request: Request): string | null {
  return /^Bearer ([A-Za-z0-9._~+/=-]{1,256})$/i.exec(request.get('authorization') ?? '')?.[1] ?? null;
}

function cookie(request: Request, name: string): string | null {
  for (const part of (request.get('cookie') ?? '').split(';')) {
    const [key, value] = part.trim().split('=', 2);
    if (key === name && value !== undefined) return value;
  }
  return null;
}
