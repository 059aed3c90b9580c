/**
 * Gives memory that is free, but lies between pieces in use, back to the kernel. V8's compilers take some megabytes for a moment each time they work, and an
 * SRT session takes as much at its start; glibc itself only ever gives back what lies at the end (`malloc_trim(3)`, docs/adr/0016-memory.md).
 */
import koffi from 'koffi';

/** Compilers work in the first minute, and again after something new happened. A call takes 0.01 to 0.7 ms for 10 MB. */
const everyMs = 10_000;

/** For as long as the process lives. Does nothing with another libc than glibc. */
export function startGivingBack(): void {
  const trim = load();
  if (trim !== null) setInterval(() => trim(0), everyMs).unref();
}

function load(): ((keptBytes: number) => number) | null {
  try {
    return koffi.load(null).func('int malloc_trim(size_t keptBytes)') as unknown as (keptBytes: number) => number;
  } catch {
    return null;
  }
}
