/** What may happen to a stream of packets on its way. Seeded by whoever calls. */
import { packetBytes } from '../../src/switcher/mpegts/packet.ts';

/** Loses, doubles, swaps, cuts and falsifies packets, and puts rubbish between them; `share` of them, in bursts and alone. */
export function damaged(stream: Buffer, random: () => number, share: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at + packetBytes <= stream.length; at += packetBytes) {
    const packet = Buffer.from(stream.subarray(at, at + packetBytes));
    const dice = random();
    if (dice >= share) parts.push(packet);
    else damage(packet, parts, random);
  }
  return Buffer.concat(parts);
}

function damage(packet: Buffer, parts: Buffer[], random: () => number): void {
  const any = (below: number): number => Math.floor(random() * below);
  const rubbish = (): Buffer => Buffer.from(Array.from({ length: any(400) }, () => any(256)));
  const kind = any(8);
  if (kind === 0) return;
  // Headers, adaptation fields, PES headers, sections; then anything.
  if (kind === 1) packet[1 + any(30)] = any(256);
  if (kind === 2) for (let n = any(6); n >= 0; n--) packet[any(packetBytes)] = any(256);
  if (kind === 3) parts.push(packet);
  if (kind === 4) parts.push(rubbish());
  if (kind === 5) return void parts.push(packet.subarray(0, any(packetBytes)));
  if (kind === 6) return void parts.splice(Math.max(0, parts.length - any(10)), 0, packet);
  // The PID of another stream, or the counter of another packet.
  if (kind === 7) packet[any(2) === 0 ? 2 : 3] = any(256);
  parts.push(packet);
}
