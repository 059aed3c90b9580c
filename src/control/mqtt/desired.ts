/** A message on `config/desired`: read, every byte of it checked, and given to the keeper of the settings. */
import type { CommandReply } from '../../model/command.ts';
import { desiredSchema } from '../../model/settings.ts';
import { explain, refuse } from '../commands.ts';
import type { SettingsKeeper } from '../settings/keeper.ts';
import { printable, readBody } from './request.ts';

/** Null: the cloud deleted it, nothing is wanted. `unreadable`: nothing that has a number. */
export async function takeDesired(payload: Buffer, settings: SettingsKeeper): Promise<{ reply: CommandReply; unreadable: boolean } | null> {
  if (payload.length === 0) return null;
  const body = readBody(payload);
  if (body === null)
    return { reply: refuse('invalid', 'config: the payload is not a JSON object of at most 65536 bytes, nested at most 32 deep'), unreadable: true };
  const parsed = desiredSchema.safeParse(body);
  if (!parsed.success) return { reply: refuse('invalid', explain('config', parsed.error.issues)), unreadable: true };
  const { by } = parsed.data;
  return { reply: await settings.take(parsed.data, by === undefined ? 'mqtt' : `mqtt:${printable(by)}`), unreadable: false };
}
