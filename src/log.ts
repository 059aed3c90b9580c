/** Structured logs on standard error. One logger a process; parts take a child with their name. */
import pino, { type Logger } from 'pino';

export type { Logger };

/** `name` is the process (`media`, `control`, `gateway`); `level` one of pino's. Secrets are removed by key wherever they stand. */
export function makeLogger(name: string, level = process.env.TANDEM_LOG ?? 'info'): Logger {
  return pino(
    {
      name,
      level,
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
