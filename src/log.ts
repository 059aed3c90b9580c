/** Structured logs on standard error. One logger a process; parts take a child with their name. */
import pino, { type Logger } from 'pino';
import { monoMs } from './clock.ts';
import { FloodGate } from './flood.ts';

export type { Logger };

/** `name` is the process (`media`, `control`, `gateway`); `level` one of pino's. Secrets are removed by key wherever they stand. */
export function makeLogger(name: string, level = process.env.TANDEM_LOG ?? 'info'): Logger {
  const gate = new FloodGate();
  return pino(
    {
      name,
      level,
      hooks: {
        // A line that repeats without end would fill the disk, and hide what matters.
        logMethod(args, method, number) {
          const text = typeof args[0] === 'string' ? args[0] : args[1];
          const left = gate.pass(`${number} ${text ?? ''}`, monoMs());
          if (left === null) return;
          if (left > 0 && typeof text === 'string') {
            const said = `${text} (and ${left} times before)`;
            return typeof args[0] === 'string' ? method.call(this, said) : method.call(this, args[0], said);
          }
          method.apply(this, args);
        },
      },
      redact: {
        paths: [
          'passphrase',
          '*.passphrase',
          '*.*.passphrase',
          'password',
          '*.password',
          '*.*.password',
          'streamId',
          '*.streamId',
          '*.*.streamId',
          '*.key',
          'secret',
          '*.secret',
          'token',
          '*.token',
        ],
        censor: '[secret]',
      },
    },
    // Asynchronous: a blocked reader of standard error must not stop the stream.
    pino.destination({ fd: 2, sync: false }),
  );
}
