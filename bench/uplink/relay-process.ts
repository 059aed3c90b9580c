/** A relay's process: `callbacks` by Node's own sockets, `batches` by ours. */
import { createSocket } from 'node:dgram';
import { UdpBatchSocket } from '../../src/uplink/udp/socket.ts';

const turnMs = 2;
const [kind, to] = process.argv.slice(2);
let packets = 0;

/** What starting costs is no part of it. */
let before = process.cpuUsage();
process.on('message', () => {
  const { user, system } = process.cpuUsage(before);
  process.send?.({ cpuSeconds: (user + system) / 1e6, packets });
});
process.on('disconnect', () => process.exit(0));

if (kind === 'callbacks') {
  const inside = createSocket('udp4', (packet) => {
    packets++;
    outside.send(packet, Number(to), '127.0.0.1');
  });
  const outside = createSocket('udp4');
  inside.bind(0, '127.0.0.1', () => ready(inside.address().port));
} else {
  const inside = UdpBatchSocket.open({ host: '127.0.0.1', port: 0 });
  const outside = UdpBatchSocket.open({ host: '127.0.0.1', connectTo: { address: '127.0.0.1', port: Number(to) } });
  setInterval(() => {
    for (let count = inside.receive(); count > 0; count = inside.receive()) {
      for (let i = 0; i < count; i++) outside.queue(inside.received, inside.offsetOf(i), inside.lengthOf(i), null);
      packets += count;
      outside.flush();
    }
  }, turnMs);
  ready(inside.port);
}

function ready(port: number): void {
  before = process.cpuUsage();
  process.send?.(port);
}
