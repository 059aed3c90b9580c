/** A connection to a broker, layer by layer: TCP over the way that is wanted, through a proxy where there is one, and TLS. Each with an end to its wait. */
import type { Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import { dial } from '../../net/tcp.ts';
import { tunnel } from './proxy.ts';
import type { Way } from './ways.ts';

/** Two long round trips, and one packet that is lost on the way: what is not answered by then is worth another way. */
const connectMsMax = 4000;
const tlsMsMax = 6000;

export interface Target {
  url: URL;
  /** `http://[user:password@]host:port`; for WebSockets. */
  proxy: string | undefined;
  way: Way;
  /** Of TLS: authority, certificate, key. Null where it is not encrypted. */
  context: SecureContext | null;
}

const standardPorts: Record<string, number> = { 'mqtt:': 1883, 'mqtts:': 8883, 'ws:': 80, 'wss:': 443 };

export const isSecure = ({ protocol }: URL): boolean => protocol === 'mqtts:' || protocol === 'wss:';
export const isWebSocket = ({ protocol }: URL): boolean => protocol === 'ws:' || protocol === 'wss:';
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');
export const portOf = ({ protocol, port }: URL): number => (port === '' ? (standardPorts[protocol] ?? 0) : Number(port));

/** Rejects with an error whose `code` is one of Node, OpenSSL or the proxy (explain.ts). */
export async function reach({ url, proxy, way: { device }, context }: Target): Promise<Duplex> {
  const [host, port] = [hostOf(url), portOf(url)];
  const socket = proxy !== undefined && isWebSocket(url) ? await throughProxy(proxy, host, port, device) : await dial({ host, port, device, connectMsMax });
  return context === null ? socket : encrypt(socket, host, context);
}

/** Whether the broker, or the proxy on the way to it, can be reached over the system's own route. Rejects when not. */
export async function reachesOverRoute(url: URL, proxy: string | undefined): Promise<void> {
  const first = proxy !== undefined && isWebSocket(url) ? new URL(proxy) : url;
  const socket = await dial({ host: hostOf(first), port: portOf(first) || 80, device: null, connectMsMax });
  socket.destroy();
}

async function throughProxy(proxy: string, host: string, port: number, device: string | null): Promise<Duplex> {
  const { hostname, port: proxyPort, username, password } = new URL(proxy);
  const target = { host: hostname.replace(/^\[|\]$/g, ''), port: proxyPort === '' ? 80 : Number(proxyPort), device, connectMsMax };
  const socket = await dial(target).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ETIMEDOUT' ? error : Object.assign(new Error('PROXY_LOST'), { code: 'PROXY_LOST' });
  });
  const user = username === '' ? null : `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return tunnel(socket, `${host.includes(':') ? `[${host}]` : host}:${port}`, user);
}

function encrypt(socket: Duplex, host: string, secureContext: SecureContext): Promise<Duplex> {
  const { isIP } = process.getBuiltinModule('node:net');
  const { connect } = process.getBuiltinModule('node:tls');
  return new Promise((resolve, reject) => {
    const encrypted = connect({ secureContext, socket, host, rejectUnauthorized: true, ...(isIP(host) === 0 && { servername: host }) });
    const failed = (error: Error): void => {
      clearTimeout(timer);
      encrypted.destroy();
      reject(error);
    };
    const timer = setTimeout(() => failed(Object.assign(new Error('ETIMEDOUT'), { code: 'ETIMEDOUT' })), tlsMsMax);
    const closed = () => failed(Object.assign(new Error('ECONNRESET'), { code: 'ECONNRESET' }));
    encrypted.once('error', failed);
    encrypted.once('close', closed);
    encrypted.once('secureConnect', () => {
      clearTimeout(timer);
      encrypted.off('error', failed);
      encrypted.off('close', closed);
      resolve(encrypted);
    });
  });
}
