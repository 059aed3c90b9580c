/** Connections through an HTTP proxy by CONNECT (RFC 9110 section 9.3.6), for brokers behind a firewall that lets only the web out. */
import type { Duplex } from 'node:stream';

const answerMsMax = 10_000;

/**
 * Asks the proxy at the other end of `socket` for a way to `authority` (host:port). @param user `name:password`, or null.
 * Rejects with `code` PROXY_AUTH, PROXY_REFUSED, PROXY_LOST or ETIMEDOUT.
 */
export function tunnel(socket: Duplex, authority: string, user: string | null): Promise<Duplex> {
  const { request } = process.getBuiltinModule('node:http');
  return new Promise((resolve, reject) => {
    const failed = (code: string): void => {
      socket.destroy();
      reject(Object.assign(new Error(code), { code }));
    };
    const asked = request({
      createConnection: () => socket,
      method: 'CONNECT',
      path: authority,
      timeout: answerMsMax,
      headers: { Host: authority, ...(user !== null && { 'Proxy-Authorization': `Basic ${Buffer.from(user).toString('base64')}` }) },
    });
    asked.on('connect', (response, through) => {
      if (response.statusCode === 200) return resolve(through);
      failed(response.statusCode === 407 ? 'PROXY_AUTH' : 'PROXY_REFUSED');
    });
    asked.on('timeout', () => asked.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    asked.on('error', (error: NodeJS.ErrnoException) => failed(error.code === 'ETIMEDOUT' ? 'ETIMEDOUT' : 'PROXY_LOST'));
    asked.end();
  });
}
