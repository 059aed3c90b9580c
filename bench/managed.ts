/** What management promises, measured: `npm run bench -- managed latency | kills | media-kills | hostile | disk | outage | power | settings [--count N]`. */
import { parseArgs } from 'node:util';
import { disk } from './managed/disk.ts';
import { hostile } from './managed/hostile.ts';
import { kills } from './managed/kills.ts';
import { latency } from './managed/latency.ts';
import { mediaKills } from './managed/media-kills.ts';
import { outage } from './managed/outage.ts';
import { power } from './managed/power.ts';
import { settings } from './managed/settings.ts';

const rows: Record<string, (count: number | undefined) => Promise<unknown>> = {
  latency,
  kills,
  'media-kills': mediaKills,
  hostile,
  disk,
  outage,
  power,
  settings,
};
const { positionals, values } = parseArgs({ allowPositionals: true, options: { count: { type: 'string' } } });
const row = rows[positionals[0] ?? ''];
if (row === undefined) {
  console.error(`name a row: ${Object.keys(rows).join(', ')}; --count: events, seconds, payloads, minutes or cuts`);
  process.exitCode = 64;
} else await row(values.count === undefined ? undefined : Number(values.count));
