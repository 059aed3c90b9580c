/**
 * Resolves when this process should end: at SIGTERM, at SIGINT, or when the parent that supervises it is gone.
 * A second SIGINT ends the process at once: a person who presses Ctrl-C twice means it.
 */
export function untilSignal(): Promise<string> {
  return new Promise((resolve) => {
    let interrupts = 0;
    process.on('SIGTERM', resolve);
    process.on('SIGINT', (signal) => {
      if (++interrupts > 1) process.exit(130);
      resolve(signal);
    });
    process.on('disconnect', () => resolve('disconnect'));
    // It may have gone while this process was still starting: nobody tells of that again.
    if (process.send !== undefined && !process.connected) resolve('disconnect');
  });
}
