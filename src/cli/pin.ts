/** `tandem pin` and `tandem unpin`: a person keeps an input on air, or the program on a path, or lets the engine choose again. */
import { MediaClient } from '../media-client/client.ts';
import type { Command } from '../model/command.ts';
import { exitCode, FatalError } from '../model/exit.ts';

const answerMsMax = 3000;

/** Prints the daemon's sentence, which says so when the pin is a bad idea. @throws FatalError when no media daemon answers on `socket`. */
export async function sendPin(socket: string, command: Extract<Command, { name: 'pin-input' | 'unpin-input' | 'pin-path' | 'unpin-path' }>): Promise<number> {
  const connected = Promise.withResolvers<void>();
  const client = new MediaClient({
    path: socket,
    statusEveryMs: 1000,
    onStatus: () => undefined,
    onEvent: () => undefined,
    onState: (is) => is && connected.resolve(),
  });
  client.start();
  const silent = setTimeout(() => connected.reject(new FatalError(exitCode.unavailable, `no media daemon answers on ${socket}`)), answerMsMax);
  try {
    await connected.promise;
    const { ok, text } = await client.command(command, 'command line');
    process.stdout.write(`${text}\n`);
    return ok ? exitCode.ok : exitCode.usage;
  } finally {
    clearTimeout(silent);
    client.stop();
  }
}
