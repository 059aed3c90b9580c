/** Types, lint and format: the tools' own words are the failure. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

function run(tool: string, args: string[]): { code: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(join('node_modules', '.bin', tool), args, { encoding: 'utf8' });
  return { code: status, said: `${stdout}${stderr}` };
}

it('the types are right', () => {
  expect(run('tsc', [])).toEqual({ code: 0, said: expect.any(String) });
});

it('lint and format are right', () => {
  const { code, said } = run('biome', ['ci', '--colors=off', '--max-diagnostics=20', '.']);
  expect(code, said).toBe(0);
});

/** The rules of the house (docs/architecture.md), each tried with a line that breaks it, in a house of its own. */
function lint(file: string, line: string): string {
  const house = mkdtempSync(join(tmpdir(), 'tandem-house-'));
  try {
    cpSync('biome.json', join(house, 'biome.json'));
    mkdirSync(join(house, dirname(file)), { recursive: true });
    writeFileSync(join(house, file), `${line}\n`);
    return run('biome', ['lint', '--colors=off', '--vcs-enabled=false', `--config-path=${house}`, house]).said;
  } finally {
    rmSync(house, { recursive: true, force: true });
  }
}

it.each([
  ['src/engine/x.ts', "import { readFileSync } from 'node:fs';"],
  ['src/engine/x.ts', "import { monoMs } from '../clock.ts';"],
  ['src/engine/x.ts', "import { Input } from '../inputs/input.ts';"],
  ['src/model/x.ts', "import { connect } from 'node:net';"],
  ['src/model/x.ts', "import { choose } from '../engine/choice.ts';"],
  ['src/inputs/x.ts', "import { Uplink } from '../uplink/uplink.ts';"],
  ['src/inputs/worker/x.ts', "import { Switcher } from '../../switcher/switcher.ts';"],
  ['src/switcher/x.ts', "import { Input } from '../inputs/input.ts';"],
  ['src/uplink/srt/x.ts', "import { Switcher } from '../../switcher/switcher.ts';"],
  ['src/control/web/x.ts', "import { MediaDaemon } from '../../media/daemon.ts';"],
  ['src/media/x.ts', "import { profiles } from '../lab/emulator/profiles.ts';"],
  ['src/media/x.ts', "import { run } from '../sim/run.ts';"],
  ['src/gateway/x.ts', "import { journal } from '../control/journal.ts';"],
])('the house forbids %s to say %s', (file, line) => {
  expect(lint(file, line)).toContain('noRestrictedImports');
});

it.each([
  ['src/engine/x.ts', "import type { Reason } from '../model/reasons.ts';"],
  ['src/engine/x.ts', "import { sameFolder } from './choice.ts';"],
  ['src/media/x.ts', "import { Uplink } from '../uplink/uplink.ts';"],
  ['src/demo/x.ts', "import { profiles } from '../lab/emulator/profiles.ts';"],
])('the house allows %s to say %s', (file, line) => {
  expect(lint(file, line)).not.toContain('noRestrictedImports');
});

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(ts|js|css|html)$/.test(name))
  .map((name) => join('src', name));

it('engine and model read no clock, throw no dice and know no process', () => {
  const impure = sources
    .filter((file) => /^src\/(engine|model)\//.test(file) && !file.endsWith('.test.ts'))
    .filter((file) => /\b(Date\.now|new Date|Math\.random|performance\.now|setTimeout|setInterval|process\.)/.test(readFileSync(file, 'utf8')));
  expect(impure).toEqual([]);
});

it('no file has grown past what a reader holds in mind, and none lies in an attic', () => {
  const linesMax = 400;
  expect(sources.filter((file) => /\.(ts|js)$/.test(file) && readFileSync(file, 'utf8').split('\n').length > linesMax)).toEqual([]);
  expect(sources.filter((file) => /\/(utils?|helpers?|lib|common|misc)(\/|\.ts)/.test(file))).toEqual([]);
});

/** A registry that does not carry the builds for other platforms leaves them out when it writes the lock, and `npm ci` then refuses it. */
it('the lock has every package of every platform, and names no registry', () => {
  const text = readFileSync('package-lock.json', 'utf8');
  const { packages } = JSON.parse(text) as { packages: Record<string, { optionalDependencies?: Record<string, string> }> };
  const wanted = Object.values(packages).flatMap((one) => Object.keys(one.optionalDependencies ?? {}));
  expect(wanted.filter((name) => packages[`node_modules/${name}`] === undefined)).toEqual([]);
  expect(text).not.toMatch(/"resolved"/);
});
