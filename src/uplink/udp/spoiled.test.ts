import { expect, test } from 'vitest';
import { UdpBatchSocket } from './socket.ts';
import { SpoiledSocket } from './spoiled.ts';

const packet = Buffer.alloc(1000, 7);

/** Two sockets on this machine, and what came to the second one. */
function pair() {
  const far = UdpBatchSocket.open({ host: '127.0.0.1' });
  const near = UdpBatchSocket.open({ host: '127.0.0.1' });
  const peer = near.makePeer('127.0.0.1', far.port);
  const back = far.makePeer('127.0.0.1', near.port);
  const came = () => {
    let count = 0;
    for (let n = far.receive(); n > 0; n = far.receive()) count += n;
    return count;
  };
  return { far, near, peer, back, came };
}

test('a silent network swallows both ways, says nothing, and gives out nothing of it afterwards', () => {
  const { far, near, peer, back, came } = pair();
  const spoiled = new SpoiledSocket(near, 'silent');
  expect(spoiled.queue(packet, 0, 1000, peer)).toBe(true);
  expect(spoiled.queued).toBe(0);
  spoiled.flush();
  expect(came()).toBe(0);
  far.queue(packet, 0, 1000, back);
  far.flush();
  expect(spoiled.receive()).toBe(0);
  expect(near.receive()).toBe(0);
  near.queue(packet, 0, 1000, peer);
  near.flush();
  expect(came()).toBe(1);
  for (const socket of [far, near]) socket.close();
});

test('a limited one carries its rate, holds 200 ms of it, and loses the rest', () => {
  const { far, near, peer, came } = pair();
  let nowMs = 0;
  const spoiled = new SpoiledSocket(near, { kbps: 800 }, () => nowMs);
  // 800 kbit/s are 100 bytes a millisecond: 20 packets fit.
  for (let n = 0; n < 50; n++) spoiled.queue(packet, 0, 1000, peer);
  expect(spoiled.queued).toBe(20);
  let count = 0;
  for (; nowMs <= 100; nowMs += 2) {
    spoiled.flush();
    count += came();
  }
  expect(count).toBe(10);
  for (; nowMs <= 400; nowMs += 2) {
    spoiled.flush();
    count += came();
  }
  expect(count).toBe(20);
  expect(spoiled.queued).toBe(0);
  for (const socket of [far, near]) socket.close();
});
