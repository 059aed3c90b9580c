/** Performs the commands that are the control daemon's own. A new one does not compile until something performs it. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Logger } from '../log.ts';
import type { BoxCommand, BoxCommandName, CommandReply } from '../model/command.ts';
import { notice } from '../model/event.ts';
import type { Box } from './box.ts';
import { refuse } from './commands.ts';
import { realDisk } from './disk.ts';
import type { MqttLink } from './mqtt/link.ts';
import type { SettingsKeeper } from './settings/keeper.ts';
import type { Updater } from './updates/updater.ts';
import type { Webhook } from './webhooks/webhook.ts';

export interface BoxCommandParts {
  box: Box;
  settings: SettingsKeeper;
  log: Logger;
  updater: Updater;
  mqtt(): MqttLink | null;
  webhooks(): ReadonlyMap<string, Webhook>;
}

type Performer<N extends BoxCommandName> = (parts: BoxCommandParts, command: Extract<BoxCommand, { name: N }>, from: string) => Promise<CommandReply>;

const run = promisify(execFile);
const done = (text: string): CommandReply => ({ ok: true, reason: 'requested', text });
/** The reply and the event get out before the box goes down. */
const rebootAfterMs = 2000;

const performers: { [N in BoxCommandName]: Performer<N> } = {
  'confirm-settings': async ({ settings }) => settings.confirm(),
  'test-webhook': async ({ webhooks }, { webhook }, from) => {
    const known = webhooks();
    return (
      (await known.get(webhook)?.test(from)) ?? refuse('invalid', `there is no webhook of this name; there are: ${[...known.keys()].join(', ') || 'none'}`)
    );
  },
  'collect-diagnostics': async ({ box, settings }) => {
    const { diagnostics } = await import('./diagnostics.ts');
    const packed = await diagnostics(box, settings);
    const { stateDirectory } = box.config.control;
    await mkdir(stateDirectory, { recursive: true });
    const { writeFile, rename } = await import('node:fs/promises');
    const path = join(stateDirectory, 'diagnostics.json.gz');
    await writeFile(`${path}.new`, packed, { mode: 0o600 });
    await rename(`${path}.new`, path);
    await realDisk.syncDirectory(stateDirectory);
    const digest = createHash('sha256').update(packed).digest('hex');
    return done(`${Math.ceil(packed.length / 1000)} kB in ${path}, SHA-256 ${digest}; the page has it at /api/diagnostics`);
  },
  update: ({ updater }, { url }, from) => updater.install(url, from),
  preview: async ({ mqtt }, { forSeconds, everySeconds, input }) =>
    mqtt()?.preview({ forSeconds, everySeconds, input: input ?? null }) ?? refuse('unsupported', 'no broker is configured (control.mqtt.url)'),
  reboot: async (_parts, _command) => {
    if (!(await answers('systemctl', ['is-system-running', '--quiet'], [0, 1])))
      return refuse('unsupported', 'this machine is not run by systemd: it cannot be started anew from here');
    setTimeout(() => void run('systemctl', ['reboot']).catch(() => undefined), rebootAfterMs);
    return done(`the box starts anew in ${rebootAfterMs / 1000} s`);
  },
};

/** Never rejects. Each is in the journal, with who asked. */
export async function performBoxCommand(parts: BoxCommandParts, command: BoxCommand, from: string): Promise<CommandReply> {
  let reply: CommandReply;
  try {
    reply = await (performers[command.name] as Performer<BoxCommandName>)(parts, command as never, from);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    reply = refuse(code === 'ENOSPC' ? 'disk-full' : 'internal', `${command.name} failed${code === undefined ? '' : ` (${code})`}`);
  }
  parts.box.report(commandNotice(command.name, reply, from));
  return reply;
}

export function commandNotice(name: string, reply: CommandReply, from: string) {
  return notice({
    severity: 'info',
    subject: { kind: 'command', id: name },
    what: 'command',
    to: reply.ok ? 'done' : 'refused',
    reason: reply.reason,
    text: `${from} asked for ${name}: ${reply.text}`,
  });
}

async function answers(program: string, args: string[], codes: readonly number[] = [0]): Promise<boolean> {
  try {
    await run(program, args, { timeout: 5000 });
    return true;
  } catch (error) {
    const { code } = error as { code?: unknown };
    return typeof code === 'number' && codes.includes(code);
  }
}
