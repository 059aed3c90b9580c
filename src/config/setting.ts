/** What every setting is made of: its facts, and the kinds of value that several sections share. */
import { z } from 'zod';

/**
 * When a change of a setting takes effect.
 * live: at once. input: the input's worker restarts. reconnect: a session with it is made beside the one that runs,
 * and has the program when it stands.
 * daemon: the daemon restarts.
 */
export type Applies = 'live' | 'input' | 'reconnect' | 'daemon';

export interface SettingMeta {
  /** kbit/s, ms, Hz …; absent for names and switches. */
  unit?: string;
  applies: Applies;
  /** Never logged, shown or reported. */
  secret?: boolean;
  example?: unknown;
}

/** Attaches the description and the machine-readable facts to one setting. */
export function setting<T extends z.ZodType>(schema: T, description: string, meta: SettingMeta): T {
  return schema.meta({ description, ...meta }) as T;
}

export const id = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, 'use lower-case letters, digits, - and _, at most 32, starting with a letter or digit');
export const port = z.int().min(1).max(65_535);
export const host = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[A-Za-z0-9.:_-]+$/, 'use a host name or an IP address');
export const filePath = z.string().min(1).max(4096);
export const interfaceName = z.string().regex(/^[^/\s]{1,15}$/, 'use a network interface name such as eth0 (at most 15 characters)');
/** libsrt takes 10 to 79 characters. */
export const streamKey = z
  .string()
  .min(8, 'a stream key has 8 to 128 characters')
  .max(128, 'a stream key has 8 to 128 characters')
  .regex(/^[A-Za-z0-9_.~-]+$/, 'a stream key is made of letters, digits and - _ . ~');
export const passphrase = z.string().min(10, 'an SRT passphrase has 10 to 79 characters').max(79, 'an SRT passphrase has 10 to 79 characters');

export function srtSettings(applies: Applies) {
  return {
    latencyMs: setting(
      z.int().min(20).max(30_000).default(1000),
      'SRT latency: how long a lost packet may take to be sent again. Longer survives more, and delays the program by as much.',
      { unit: 'ms', applies },
    ),
    streamId: setting(z.string().max(512).optional(), 'SRT stream id. Often a key: treated as a secret.', { applies, secret: true }),
    streamIdFile: setting(filePath.optional(), 'A file whose first line is the stream id.', { applies }),
    passphrase: setting(passphrase.optional(), 'SRT passphrase (AES). Rather use passphraseFile.', { applies, secret: true }),
    passphraseFile: setting(filePath.optional(), 'A file whose first line is the passphrase.', { applies }),
    keyLengthBits: setting(z.union([z.literal(128), z.literal(192), z.literal(256)]).default(128), 'AES key length, with a passphrase.', {
      unit: 'bit',
      applies,
    }),
  };
}
