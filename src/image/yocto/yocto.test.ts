import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkout } from '../package.ts';
import { bundleInclude } from './bundle.ts';
import { countTasks, readOutcome } from './check.ts';
import { layersOf, machines, readPins } from './pins.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-yocto-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function tandem(...args: string[]): { code: number | null; said: string; complained: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(checkout, 'src/image/main.ts'), 'yocto', ...args], {
    encoding: 'utf8',
    env: { ...process.env, TANDEM_YOCTO_LAYERS: undefined },
  });
  return { code: status, said: stdout, complained: stderr };
}

describe('the check with BitBake', () => {
  test('is skipped where no layers are, says why, and does not look like success', () => {
    expect(tandem('check')).toMatchObject({ code: 77, said: expect.stringMatching(/^SKIPPED: .*no folder with the layers/) });
    expect(tandem('check', '--layers', folder)).toMatchObject({ code: 77, said: expect.stringMatching(/lacks bitbake, openembedded-core/) });
  });

  test('refuses a machine that the layer is not for', () => {
    expect(tandem('check', '--machine', 'beaglebone')).toMatchObject({ code: 64, complained: expect.stringContaining('raspberrypi5') });
  });

  test('reads figures, warnings and errors out of what BitBake says, each once', () => {
    const said = [
      'Parsing recipes...WARNING: /layers/x/x_1.0.bb: a warning',
      'done.',
      'Parsing of 1510 .bb files complete (10 cached, 1500 parsed). 2400 targets, 30 skipped, 1600 masked, 0 errors.',
      'WARNING: Host distribution "debian-12" has not been validated',
      "ERROR: Nothing RPROVIDES 'ttf-dejavu-sans'",
      "ERROR: Nothing RPROVIDES 'ttf-dejavu-sans'",
    ].join('\n');
    expect(readOutcome(said)).toEqual({
      files: 1510,
      recipes: 2400,
      parseErrors: 0,
      warnings: ['/layers/x/x_1.0.bb: a warning', 'Host distribution "debian-12" has not been validated'],
      errors: ["Nothing RPROVIDES 'ttf-dejavu-sans'"],
    });
  });

  test('counts tasks, not the lines between them', () => {
    expect(
      countTasks('digraph depends {\n"a.do_fetch" [label="a do_fetch\\n:1"]\n"a.do_unpack" [label="a do_unpack"]\n"a.do_unpack" -> "a.do_fetch"\n}\n'),
    ).toBe(2);
  });

  test('has every layer of every machine pinned', () => {
    const pinned = readPins(readFileSync(join(checkout, 'yocto-layer/layers.txt'), 'utf8')).map(({ name }) => name);
    for (const machine of Object.keys(machines)) for (const layer of layersOf(machine)) expect(pinned).toContain(layer.split('/')[0]);
  });
});

describe('the bundle', () => {
  test('is named with its checksum in a form that BitBake reads', () => {
    expect(bundleInclude('/out/tandem-0.1.0-arm64.tar.zst', 'ab12')).toContain(
      'TANDEM_BUNDLE = "/out/tandem-0.1.0-arm64.tar.zst"\nTANDEM_BUNDLE_SHA256 = "ab12"\n',
    );
    expect(() => bundleInclude('/out/$HOME/x', '')).toThrow(/cannot be told/);
  });

  test('that is not what was packed is refused', () => {
    const bundle = join(folder, 'tandem-0.1.0-arm64.tar.zst');
    writeFileSync(bundle, 'damaged');
    writeFileSync(`${bundle}.sha256`, `${'0'.repeat(64)}  tandem-0.1.0-arm64.tar.zst\n`);
    expect(tandem('bundle', '--file', bundle)).toMatchObject({ code: 1, complained: expect.stringContaining('is damaged') });
    expect(tandem('bundle', '--file', `${bundle}.gone`)).toMatchObject({ code: 64, complained: expect.stringContaining('./tandem package') });
  });
});

describe('signing keys', () => {
  test('are made outside the checkout, for their owner only, and sign what their authority verifies', () => {
    const out = join(folder, 'keys');
    expect(tandem('keys', '--out', out)).toMatchObject({ code: 0, said: expect.stringContaining(`TANDEM_KEYS = "${out}"`) });
    for (const key of ['ca.key.pem', 'signing.key.pem']) expect(statSync(join(out, key)).mode & 0o777).toBe(0o600);
    const sign = [
      'cms',
      '-sign',
      '-in',
      '/dev/null',
      '-signer',
      join(out, 'signing.cert.pem'),
      '-inkey',
      join(out, 'signing.key.pem'),
      '-out',
      join(folder, 'signature'),
    ];
    expect(spawnSync('openssl', sign).status).toBe(0);
    const verify = ['cms', '-verify', '-in', join(folder, 'signature'), '-CAfile', join(out, 'ca.cert.pem')];
    expect(spawnSync('openssl', verify).status).toBe(0);
    // Never written over.
    expect(tandem('keys', '--out', out).code).toBe(64);
  });

  test('are refused a place in the checkout', () => {
    expect(tandem('keys', '--out', join(checkout, 'yocto-layer/keys'))).toMatchObject({ code: 64, complained: expect.stringContaining('could be committed') });
  });
});
