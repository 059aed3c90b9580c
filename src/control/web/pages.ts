/** The page’s files, read once at start: plain HTML, CSS and JavaScript without a build step. */
import { readFileSync } from 'node:fs';
import { type RequestHandler, Router } from 'express';
import type { Access } from './access.ts';

const load = (name: string): string => readFileSync(new URL(`../page/${name}`, import.meta.url), 'utf8');

function file(name: string): RequestHandler {
  const text = load(name);
  const type = name.slice(name.lastIndexOf('.'));
  return (_request, response) => {
    // Small files, and a box that was updated must not be looked at with an old page.
    response.set('Cache-Control', 'no-cache').type(type).send(text);
  };
}

/** The forms, each only where it makes sense, and what they need. */
export function publicPageRoutes(access: Access): Router {
  const router = Router();
  const login = file('login.html');
  const setup = file('setup.html');
  router.get('/login', (request, response, next) => (access.passwordSet ? login(request, response, next) : response.redirect(302, '/setup')));
  router.get('/setup', (request, response, next) => (access.passwordSet ? response.redirect(302, '/login') : setup(request, response, next)));
  for (const name of ['page.css', 'login.js', 'icon.svg']) router.get(`/assets/${name}`, file(name));
  return router;
}

/** Behind the login. */
export function pageRoutes(): Router {
  const router = Router();
  router.get('/', file('index.html'));
  for (const name of ['app.js', 'dom.js', 'graph.js', 'rehearsal.js', 'verdict.js', 'view.js', 'words.js']) router.get(`/assets/${name}`, file(name));
  return router;
}
