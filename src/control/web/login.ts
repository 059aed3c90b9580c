/** Set-up, login and logout. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Response, Router } from 'express';
import { z } from 'zod';
import { monoMs } from '../../clock.ts';
import { type Access, passwordLengthMax, passwordLengthMin } from './access.ts';
import { AttemptBrake } from './brake.ts';
import { requireSameOrigin, visitor } from './guard.ts';

const cookieSeconds = 14 * 86_400;
const saveMsMax = 2000;

export const loginBody = z.object({ password: z.string().max(1000) });
export const setupBody = z.object({ password: z.string().min(passwordLengthMin).max(passwordLengthMax) });

/** The routes that nobody needs a session for. `onLogin` tells of every attempt. */
export function loginRoutes(access: Access, cookieName: string, onLogin: (address: string, outcome: 'right' | 'wrong' | 'set') => void): Router {
  const router = Router();
  const brake = new AttemptBrake();

  const welcome = async (response: Response): Promise<void> => {
    const { token, session } = access.openSession();
    // Who was let in stays in, also when control is killed now; but not at the price of a disk that hangs.
    await Promise.race([access.settled(), delay(saveMsMax, undefined, { ref: false })]);
    response.cookie(cookieName, token, { httpOnly: true, sameSite: 'strict', path: '/', maxAge: cookieSeconds * 1000 });
    response.json({ ok: true, reason: 'requested', text: 'welcome', csrf: session.csrf });
  };

  router.post('/api/login', requireSameOrigin, async (request, response) => {
    const body = loginBody.safeParse(request.body);
    if (!body.success) return void response.status(400).json({ ok: false, reason: 'invalid', text: 'send {"password": "…"}' });
    const address = request.socket.remoteAddress ?? '';
    const delayMs = brake.begin(address, monoMs());
    if (delayMs === null)
      return void response.status(429).set('Retry-After', '8').json({ ok: false, reason: 'busy', text: 'too many attempts at once: wait a moment' });
    let right = false;
    try {
      await delay(delayMs);
      right = await access.checkPassword(body.data.password);
    } finally {
      brake.end(address, right);
    }
    onLogin(address, right ? 'right' : 'wrong');
    if (!right)
      return void response
        .status(401)
        .json({ ok: false, reason: 'invalid', text: access.passwordSet ? 'the password is wrong' : 'no password is set yet: open /setup' });
    await welcome(response);
  });

  router.post('/api/setup', requireSameOrigin, async (request, response) => {
    if (access.passwordSet) return void response.status(409).json({ ok: false, reason: 'invalid', text: 'a password is set already: log in' });
    const body = setupBody.safeParse(request.body);
    if (!body.success)
      return void response
        .status(400)
        .json({ ok: false, reason: 'invalid', text: `the password needs ${passwordLengthMin} to ${passwordLengthMax} characters` });
    let done: boolean;
    try {
      done = await access.setFirstPassword(body.data.password);
    } catch {
      return void response.status(500).json({ ok: false, reason: 'disk-error', text: 'the password cannot be written to the state directory: check the disk' });
    }
    if (!done) return void response.status(409).json({ ok: false, reason: 'invalid', text: 'a password is set already: log in' });
    onLogin(request.socket.remoteAddress ?? '', 'set');
    await welcome(response);
  });
  return router;
}

/** Behind the login. */
export function sessionRoutes(access: Access, cookieName: string): Router {
  const router = Router();
  router.get('/api/session', (_request, response) => {
    response.json({ csrf: visitor(response).session?.csrf ?? null });
  });
  router.post('/api/logout', (_request, response) => {
    const { session } = visitor(response);
    if (session !== null) access.closeSession(session);
    response.clearCookie(cookieName, { httpOnly: true, sameSite: 'strict', path: '/' });
    response.json({ ok: true, reason: 'requested', text: 'goodbye' });
  });
  return router;
}
