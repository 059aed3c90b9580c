/** AAC as it stands in MPEG-TS: frames in ADTS (ISO/IEC 13818-7, 6.2). */

export interface AudioFormat {
  rate: number;
  /** Channel configuration: 1 mono, 2 stereo, 6 is 5.1; 0: told within. */
  channels: number;
  /** Audio object type: 2 is AAC-LC. */
  object: number;
}

export const adtsRates = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350];
export const adtsHeaderBytes = 7;
const samplesPerBlock = 1024;

/** Length of the frame that begins at `at`, bytes, its header included; 0 where none does. */
export function adtsLength(bytes: Uint8Array, at: number, end: number): number {
  if (at + adtsHeaderBytes > end || bytes[at] !== 0xff || ((bytes[at + 1] as number) & 0xf6) !== 0xf0) return 0;
  const length = (((bytes[at + 3] as number) & 3) << 11) | ((bytes[at + 4] as number) << 3) | ((bytes[at + 5] as number) >> 5);
  return length < adtsHeaderBytes || (((bytes[at + 2] as number) >> 2) & 0x0f) >= adtsRates.length ? 0 : length;
}

/** Duration of the frame whose header is at `at`, 90 kHz. */
export function adtsTicks(bytes: Uint8Array, at: number): number {
  const rate = adtsRates[((bytes[at + 2] as number) >> 2) & 0x0f] ?? 48_000;
  return (((((bytes[at + 6] as number) & 3) + 1) * samplesPerBlock) / rate) * 90_000;
}

/** What the header at `at` says, in one number, to compare by. */
export const adtsKey = (bytes: Uint8Array, at: number): number => (((bytes[at + 2] as number) & 0xfd) << 8) | ((bytes[at + 3] as number) & 0xc0);

export function adtsFormat(bytes: Uint8Array, at: number): AudioFormat {
  const second = bytes[at + 2] as number;
  return {
    rate: adtsRates[(second >> 2) & 0x0f] ?? 0,
    channels: ((second & 1) << 2) | ((bytes[at + 3] as number) >> 6),
    object: (second >> 6) + 1,
  };
}

/** @param length of the whole frame, bytes; @param rateIndex place of the rate in {@link adtsRates}. */
export function writeAdtsHeader(
  bytes: Uint8Array,
  at: number,
  length: number,
  { object, rateIndex, channels }: { object: number; rateIndex: number; channels: number },
): void {
  bytes[at] = 0xff;
  // MPEG-4, no CRC.
  bytes[at + 1] = 0xf1;
  bytes[at + 2] = ((object - 1) << 6) | (rateIndex << 2) | (channels >> 2);
  bytes[at + 3] = ((channels & 3) << 6) | (length >> 11);
  bytes[at + 4] = (length >> 3) & 0xff;
  // Buffer fullness 0x7ff: variable rate. One block a frame.
  bytes[at + 5] = ((length & 7) << 5) | 0x1f;
  bytes[at + 6] = 0xfc;
}

/**
 * A frame of stereo silence (ISO/IEC 14496-3, 4.4.2.1): a pair of channels of their own windows, long, without one band, and the end mark.
 * ID_CPE 001, tag 0000, common_window 0; twice global_gain 8 bits, ics_info 11 bits with max_sfb 0, three absent tools; ID_END 111.
 */
export function silentFrame(rate: number): Buffer {
  const block = Buffer.alloc(7);
  block[0] = 0b0010_0000;
  // 8 + 22 + 22 bits lie before the end mark.
  block[6] = 0b0000_1110;
  const frame = Buffer.alloc(adtsHeaderBytes + block.length);
  writeAdtsHeader(frame, 0, frame.length, { object: 2, rateIndex: adtsRates.indexOf(rate), channels: 2 });
  block.copy(frame, adtsHeaderBytes);
  return frame;
}

/** Ticks of one frame at `rate`, 90 kHz. */
export const frameTicks = (rate: number): number => (samplesPerBlock / rate) * 90_000;
