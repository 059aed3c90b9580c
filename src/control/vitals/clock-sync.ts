/** Whether the kernel's clock is synchronised, whoever does it (timesyncd, chrony, ntpd): adjtimex(2) without changing anything. */
import koffi from 'koffi';

/** struct timex, <linux/timex.h>, on 64-bit Linux: `int status` follows `modes` (padded to 8) and four longs. 208 bytes in all. */
const timexBytes = 208;
const statusOffset = 40;
const staUnsync = 0x0040;

type Adjtimex = (timex: Buffer) => number;
let adjtimex: Adjtimex | null | undefined;

/** Null where it cannot be told: a hardened service may be denied the system call. */
export function clockSynchronised(): boolean | null {
  adjtimex ??= load();
  if (adjtimex === null) return null;
  // modes = 0: only read.
  const timex = Buffer.alloc(timexBytes);
  if (adjtimex(timex) < 0) return null;
  return (timex.readInt32LE(statusOffset) & staUnsync) === 0;
}

function load(): Adjtimex | null {
  if (process.arch !== 'x64' && process.arch !== 'arm64') return null;
  try {
    return koffi.load('libc.so.6').func('int adjtimex(_Inout_ uint8_t *buf)') as unknown as Adjtimex;
  } catch {
    return null;
  }
}
