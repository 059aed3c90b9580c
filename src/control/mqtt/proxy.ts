/** Connections through an HTTP proxy by CONNECT (RFC 9110 section 9.3.6), for brokers behind a firewall that lets only the web out. */
import type { Agent } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ConnectionOptions, TLSSocket } from 'node:tls';

const answerMsMax = 10_000;

/** An agent for the WebSocket’s HTTP request. @param secure wss. */
export function proxyAgent(proxy: string, secure: boolean): Agent {
  const http = process.getBuiltinModule('node:http');
  const tls = process.getBuiltinModule('node:tls');
  const agent = secure ? new (process.getBuiltinModule('node:https').Agent)() : new http.Agent();
  const { hostname, port, username, password } = new URL(proxy);
  type Target = { host?: string; port?: number | string; servername?: string };
  const createConnection = (target: Target, done: (error: Error | null, socket?: Duplex) => void): void => {
    const authority = `${target.host?.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
    const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
    const asked = http.request({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? 80 : Number(port),
      method: 'CONNECT',
      path: authority,
      agent: false,
      timeout: answerMsMax,
      headers: { Host: authority, ...(username !== '' && { 'Proxy-Authorization': `Basic ${credentials}` }) },
    });
    const failed = (code: string) => done(Object.assign(new Error(code), { code }));
    asked.on('connect', (response, socket) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        return failed(response.statusCode === 407 ? 'PROXY_AUTH' : 'PROXY_REFUSED');
      }
      if (!secure) return done(null, socket);
      const options = { ...target, socket, servername: target.servername ?? target.host } as ConnectionOptions;
      const encrypted: TLSSocket = tls.connect(options, () => done(null, encrypted));
      encrypted.on('error', (error) => done(error));
    });
    asked.on('timeout', () => asked.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    asked.on('error', (error: NodeJS.ErrnoException) => failed(error.code === 'ETIMEDOUT' ? 'ETIMEDOUT' : 'PROXY_LOST'));
    asked.end();
  };
  return Object.assign(agent, { createConnection });
}
