/** The web server: listens, and keeps trying where it cannot; puts guard, login, page and API together. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import express, { type ErrorRequestHandler, type Express } from 'express';
import type { Logger } from '../../log.ts';
import { notice } from '../../model/event.ts';
import { backOffMs } from '../backoff.ts';
import type { Box } from '../box.ts';
import type { CommandDesk } from '../commands.ts';
import { replaceFile } from '../files.ts';
import type { RehearsalStore } from '../rehearsals.ts';
import type { SettingsKeeper } from '../settings/keeper.ts';
import { Access } from './access.ts';
import { apiRoutes, mountApi } from './api.ts';
import { requireLogin, requireOwnPage, securityHeaders, sessionOf } from './guard.ts';
import { loginRoutes, sessionRoutes } from './login.ts';
import { openApiDocument } from './openapi.ts';
import { pageRoutes, publicPageRoutes } from './pages.ts';
import { Streams } from './stream.ts';

// Not `import`: that reads every export of the module, and one of them loads Node's HTTP client for browsers' fetch, 14 MB that nobody here uses.
const { createServer, get } = process.getBuiltinModule('node:http');

const firstRetryMs = 1000;
const mostRetryMs = 30_000;
const connectionsMax = 256;
const answerMsMax = 5000;

export interface WebServerOptions {
  box: Box;
  desk: CommandDesk;
  settings: SettingsKeeper;
  rehearsals: RehearsalStore;
  log: Logger;
  /** File whose first line becomes the first password. */
  passwordFile: string | undefined;
}

export class WebServer {
  readonly #options: WebServerOptions;
  readonly #access: Access;
  readonly #streams: Streams;
  readonly #server: Server;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(options: WebServerOptions) {
    this.#options = options;
    const { box } = options;
    this.#access = new Access(box.config.control.stateDirectory, (code) =>
      box.report(
        notice({
          severity: 'warning',
          subject: { kind: 'control', id: 'access' },
          what: 'access.file',
          reason: 'disk-error',
          text: `the page’s password file in ${box.config.control.stateDirectory} cannot be used (${code})`,
        }),
      ),
    );
    this.#streams = new Streams(box);
    this.#server = createServer({ requestTimeout: 15_000, headersTimeout: 10_000 }, this.#app());
    this.#server.maxConnections = connectionsMax;
    this.#server.on('error', (error: NodeJS.ErrnoException) => this.#cannotListen(error));
    this.#server.on('listening', () => this.#listening());
    // Broken requests are normal life.
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Resolves when the access files are ready; listening goes on in the background. */
  async start(): Promise<void> {
    await this.#access.prepare(this.#options.passwordFile);
    this.#listen();
  }

  /** Whether the page answers over its own port. True also while the port is taken: another start would not free it. */
  answers(): Promise<boolean> {
    if (!this.#server.listening) return Promise.resolve(true);
    const { address, port } = this.#server.address() as AddressInfo;
    const host = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
    return new Promise((resolve) => {
      const request = get({ host, port, path: '/healthz', timeout: answerMsMax, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      });
      request.on('timeout', () => request.destroy());
      request.on('error', () => resolve(false));
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#retry);
    this.#streams.stop();
    this.#server.close();
    this.#server.closeAllConnections();
    await this.#access.settled();
  }

  #app(): Express {
    const { box, desk, settings, rehearsals, log } = this.#options;
    const access = this.#access;
    const cookieName = `tandem-${box.config.box.name}`;
    const app = express();
    app.disable('x-powered-by');
    app.set('query parser', 'simple');
    app.use(securityHeaders);
    app.get('/healthz', (_request, response) => {
      response.json({ ok: true, media: box.links.media.state, mqtt: box.links.mqtt.state });
    });
    app.use(publicPageRoutes(access));
    // A whole configuration is some kilobytes; everything else is far smaller.
    app.use('/api/settings', express.json({ limit: '64kb' }));
    app.use(express.json({ limit: '16kb' }));
    app.use(
      loginRoutes(access, cookieName, (address, outcome) => {
        if (outcome === 'wrong') log.warn({ address }, 'a wrong password was tried on the page');
        else log.info({ address }, outcome === 'set' ? 'the page’s password was set' : 'login to the page');
        if (outcome === 'set')
          box.report(
            notice({
              severity: 'info',
              subject: { kind: 'control', id: 'access' },
              what: 'access.password',
              to: 'set',
              reason: 'requested',
              text: `the page’s password was set from ${address}`,
            }),
          );
      }),
    );
    // From here on nothing is open.
    app.use(requireLogin(access, cookieName), requireOwnPage);
    const routes = apiRoutes({
      box,
      desk,
      settings,
      rehearsals,
      streams: this.#streams,
      stillValid: (request) => request.get('authorization') !== undefined || sessionOf(request, access, cookieName) !== null,
    });
    app.use(sessionRoutes(access, cookieName), mountApi(routes), pageRoutes());
    // Made when it is asked for: most boxes never are, and it is large.
    app.get('/api/openapi.json', (_request, response) => void response.json(openApiDocument(routes, box.version)));
    app.use((_request, response) => void response.status(404).json({ ok: false, reason: 'invalid', text: 'there is nothing here' }));
    app.use(((error, _request, response, next) => {
      if (response.headersSent) return next(error);
      const status = typeof error.status === 'number' && error.status >= 400 && error.status < 500 ? error.status : 500;
      if (status === 500) log.error({ error: { message: error.message, stack: error.stack } }, 'a request failed');
      response
        .status(status)
        .json({ ok: false, reason: status === 500 ? 'internal' : 'invalid', text: status === 500 ? 'an error in Tandem itself' : 'the request is not valid' });
    }) satisfies ErrorRequestHandler);
    return app;
  }

  #listen(): void {
    if (this.#stopping) return;
    const { host, port } = this.#options.box.config.control.web;
    this.#server.listen(port, host);
  }

  #listening(): void {
    const { box, log } = this.#options;
    const { host } = box.config.control.web;
    const { port } = this.#server.address() as AddressInfo;
    const reachable = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
    const url = `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}/`;
    log.info({ url, passwordSet: this.#access.passwordSet }, `the page is at ${url}`);
    replaceFile(join(box.config.control.stateDirectory, 'page.url'), `${url}\n`, 0o644).catch((error) =>
      log.warn({ code: (error as NodeJS.ErrnoException).code }, 'page.url cannot be written'),
    );
    if (this.#failures > 0)
      box.report(
        notice({
          severity: 'clear',
          subject: { kind: 'control', id: 'web' },
          what: 'web.listen',
          to: 'listening',
          reason: 'recovered',
          text: `the page is at ${url}`,
        }),
      );
    this.#failures = 0;
  }

  #cannotListen(error: NodeJS.ErrnoException): void {
    if (this.#server.listening || this.#stopping) return;
    const { box } = this.#options;
    const { host, port } = box.config.control.web;
    this.#failures++;
    const why =
      { EADDRINUSE: 'another program uses it', EACCES: 'the system does not allow it', EADDRNOTAVAIL: 'this machine has no such address' }[error.code ?? ''] ??
      error.code ??
      '';
    if (this.#failures === 1)
      box.report(
        notice({
          severity: 'warning',
          subject: { kind: 'control', id: 'web' },
          what: 'web.listen',
          to: 'waiting',
          reason: error.code === 'EADDRINUSE' ? 'port-taken' : 'rejected',
          text: `the page cannot be served at ${host}:${port}: ${why}; give control.web another port or end the other program; it is tried again`,
        }),
      );
    this.#retry = setTimeout(() => this.#listen(), backOffMs(this.#failures, firstRetryMs, mostRetryMs, Math.random()));
  }
}
