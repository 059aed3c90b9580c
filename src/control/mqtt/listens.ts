/** Whether somebody listens at `host:port`: one TCP connection, closed at once. */
import { connect } from 'node:net';

const answerMsMax = 5000;

export function listens(address: string, yes: () => void): void {
  const { hostname, port } = new URL(`http://${address}`);
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80), timeout: answerMsMax });
  socket.on('error', () => undefined);
  socket.on('timeout', () => socket.destroy());
  socket.on('connect', () => {
    socket.destroy();
    yes();
  });
}
