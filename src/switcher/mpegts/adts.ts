/** AAC in ADTS frames (ISO/IEC 13818-7, 6.2): how long a piece of sound lasts. */
const rates = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350];
const samplesPerBlock = 1024;

/** Duration of the frames between `from` and `end`, 90 kHz; 0 when they are no ADTS. */
export function adtsTicks(bytes: Uint8Array, from: number, end: number): number {
  let ticks = 0;
  for (let at = from; at + 7 <= end; ) {
    if (bytes[at] !== 0xff || ((bytes[at + 1] as number) & 0xf6) !== 0xf0) break;
    const rate = rates[((bytes[at + 2] as number) >> 2) & 0x0f];
    const length = (((bytes[at + 3] as number) & 3) << 11) | ((bytes[at + 4] as number) << 3) | ((bytes[at + 5] as number) >> 5);
    if (rate === undefined || length < 7) break;
    ticks += (((((bytes[at + 6] as number) & 3) + 1) * samplesPerBlock) / rate) * 90_000;
    at += length;
  }
  return ticks;
}
