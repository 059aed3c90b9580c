/** A program that is only bytes, for tests of what puts payloads together. */
import { seededRandom } from './random.ts';

/** Payloads of one program: seven packets each, with bytes that no other has. */
export function program(seed: number, count: number): Buffer[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const bytes = Buffer.alloc(1316);
    for (let at = 0; at < bytes.length; at += 4) bytes.writeInt32BE(Math.floor(random() * 2 ** 32) | 0, at);
    for (let packet = 0; packet < 1316; packet += 188) bytes.writeUInt32BE(0x47010010, packet);
    return bytes;
  });
}
