/** What helps to find a fault from afar, packed into one file: state, events, settings without secrets, the system's own words. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { withoutSecrets } from '../config/secrets.ts';
import type { Box } from './box.ts';
import type { SettingsKeeper } from './settings/keeper.ts';

const run = promisify(execFile);
const programMsMax = 5000;
const outputBytesMax = 512 * 1024;

/** What a person at a terminal would ask first. Missing programs are no fault. */
const programs: Record<string, string[]> = {
  log: ['journalctl', '--no-pager', '--output=short-iso', '--lines=2000', '--unit=tandem-media', '--unit=tandem-control'],
  kernel: ['dmesg', '--level=emerg,alert,crit,err,warn'],
  addresses: ['ip', '-brief', 'address'],
  routes: ['ip', 'route', 'show', 'table', 'all'],
  disks: ['df', '-h'],
  memory: ['free', '-m'],
  slots: ['rauc', 'status'],
  modems: ['mmcli', '--list-modems'],
};

/** JSON, gzipped. Never rejects for what a program says. */
export async function diagnostics(box: Box, settings: SettingsKeeper): Promise<Buffer> {
  const said: Record<string, string> = {};
  for (const [name, [program = '', ...args]] of Object.entries(programs)) said[name] = await output(program, args);
  const text = JSON.stringify(
    {
      made: box.wall(),
      snapshot: box.snapshot(),
      history: box.history.samples(),
      events: box.journal.recent(4000),
      settings: { ...settings.reported(), doc: withoutSecrets(box.config) },
      said,
    },
    null,
    1,
  );
  const { gzip } = process.getBuiltinModule('node:zlib');
  return promisify(gzip)(text);
}

async function output(program: string, args: string[]): Promise<string> {
  try {
    return (await run(program, args, { timeout: programMsMax, maxBuffer: 4 * outputBytesMax })).stdout.slice(-outputBytesMax);
  } catch (error) {
    return `(${(error as NodeJS.ErrnoException).code ?? 'failed'})`;
  }
}
