/** `tandem config` as a person or a script meets it: one clear message each, and the right exit code. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { writeMigrated } from '../../src/cli/config.ts';
import { readyConfig } from '../../src/cli/configuration-file.ts';
import { loadConfig, parseConfig } from '../../src/config/load.ts';
import { Place } from './processes.ts';

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.end());

async function config(...args: string[]) {
  const running = place.tandem('config', ...args);
  return { code: await running.ended, said: running.said() };
}

const secret = 'a-very-secret-word';
const withSecret = `version: 1\npaths: [{ id: a }]\ndestinations: [{ id: d, host: h, port: 1, passphrase: ${secret} }]\n`;

describe('tandem config', () => {
  it('checks every example of the documentation', async () => {
    for (const name of readdirSync('docs/examples')) expect(await config('check', `docs/examples/${name}`), name).toMatchObject({ code: 0 });
  });

  it('takes the file from --config, and from TANDEM_CONFIG', async () => {
    const file = place.config('box.yaml', 'version: 1\n');
    expect(await config('check', '--config', file)).toEqual({ code: 0, said: `${file} is right: 0 inputs, 0 paths, 0 destinations\n` });
    const running = place.run(process.execPath, ['src/main.ts', 'config', 'check'], { TANDEM_CONFIG: file });
    expect(await running.ended, running.said()).toBe(0);
  });

  it('shows a configuration with defaults and without secrets, which is a configuration again', async () => {
    const { code, said } = await config('show', place.config('box.yaml', withSecret));
    expect(code, said).toBe(0);
    expect(said).not.toContain(secret);
    expect(parse(said)).toMatchObject({ program: { fps: 30 }, destinations: [{ passphrase: '(secret)' }] });
    // The mask is shorter than a passphrase may be: it cannot go on air by mistake.
    expect(parseConfig(said)).toMatchObject({ ok: false, mistakes: [{ path: 'destinations[0].passphrase' }] });
  });

  it('is given to a daemon as it was checked', async () => {
    const file = place.config('box.yaml', `${withSecret}inputs: [{ id: cam, kind: srt, port: 9710, passphrase: ${secret} }]\n`);
    const { origin, ...config } = await readyConfig(file);
    expect(origin).toMatchObject({ file });
    expect(config).toEqual(loadConfig(file));
    await expect(readyConfig(place.config('wrong.yaml', 'version: 1\nprogram:\n  videoKbs: 1\n'))).rejects.toMatchObject({
      code: 78,
      message: expect.stringMatching(/wrong\.yaml:3:3 program\.videoKbs: /),
    });
  });

  it('prints a JSON Schema that editors take', async () => {
    const { code, said } = await config('schema');
    expect(code, said).toBe(0);
    expect(JSON.parse(said)).toMatchObject({ type: 'object', required: expect.arrayContaining(['version']), properties: { inputs: { type: 'array' } } });
  });

  it.each<[string, () => string, RegExp]>([
    ['a file that is not there', () => place.path('none.yaml'), /the configuration .*none\.yaml does not exist: name another with --config/],
    ['a folder', () => place.directory, /is a folder/],
    ['a file that is no configuration', () => place.config('big.yaml', 'x'.repeat(2 ** 20 + 1)), /larger than 1 MiB/],
    ['a binary file', () => binary(), /has (a mistake|\d+ mistakes)/],
    ['broken YAML', () => place.config('box.yaml', 'version: 1\nbox: {\n'), /box\.yaml:\d+:\d+: not valid YAML/],
    [
      'a misspelt setting',
      () => place.config('box.yaml', 'version: 1\nprogram:\n  videoKbs: 1\n'),
      /box\.yaml:3:3 program\.videoKbs: .*did you mean videoKbps\?/,
    ],
    [
      'a file of a secret that is not there',
      () => place.config('box.yaml', withSecret.replace(`passphrase: ${secret}`, 'passphraseFile: /nonexistent/secret')),
      /destinations\[0\]\.passphraseFile: \/nonexistent\/secret cannot be read: ENOENT/,
    ],
  ])('check refuses %s', async (_, file, says) => {
    const { code, said } = await config('check', file());
    expect(code, said).toBe(78);
    expect(said).toMatch(/^tandem: /);
    expect(said).toMatch(says);
    expect(said).not.toMatch(/\n\s+at /);
  });

  it.each([
    [['chekc'], /unknown command 'chekc'[\s\S]*check/],
    [['check', '--nonsense'], /unknown option '--nonsense'/],
    [['check', 'a', 'b'], /too many arguments/],
  ])('%j is a mistake on the command line', async (args, says) => {
    const { code, said } = await config(...args);
    expect(code, said).toBe(64);
    expect(said).toMatch(says);
  });
});

function binary(): string {
  mkdirSync(place.path('folder'));
  const file = place.path('folder/picture.jpg');
  writeFileSync(file, Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0]));
  return file;
}

describe('tandem config migrate', () => {
  it('leaves the newest version as it is', async () => {
    const file = place.config('box.yaml', 'version: 1 # mine\n');
    expect(await config('migrate', file)).toEqual({ code: 0, said: `${file} is of version 1, the newest: nothing was changed\n` });
    expect(readFileSync(file, 'utf8')).toBe('version: 1 # mine\n');
  });

  it('refuses a newer one', async () => {
    const { code, said } = await config('migrate', place.config('box.yaml', 'version: 9\n'));
    expect(code).toBe(78);
    expect(said).toMatch(/is of version 9, and this release knows up to 1: update the box first/);
  });

  it('writes the old one beside it first, and not over a backup that is there', () => {
    const file = place.config('old.yaml', 'version: 1 # mine\nname: a\n');
    const old = readFileSync(file, 'utf8');
    expect(writeMigrated(file, old, { written: { version: 2, box: { name: 'a' } }, from: 1 })).toBe(`${file}.v1`);
    expect(readFileSync(`${file}.v1`, 'utf8')).toBe(old);
    expect(readFileSync(file, 'utf8')).toBe('version: 2\nbox:\n  name: a\n');
    expect(() => writeMigrated(file, 'other', { written: {}, from: 1 })).toThrow(/was not changed: .*old\.yaml\.v1: EEXIST: move that backup away first/);
    expect(readFileSync(file, 'utf8')).toBe('version: 2\nbox:\n  name: a\n');
  });
});
