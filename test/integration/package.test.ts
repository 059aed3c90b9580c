/** Bundle and Debian package from a small tree, with the real tools. The real thing takes a mirror and minutes: `./tandem package --check`. */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { architectures } from '../../src/image/architecture.ts';
import { architectureOfTree, layTree, manifestPath, packTree, systemFiles } from '../../src/image/bundle.ts';
import { buildDeb } from '../../src/image/deb.ts';
import { checkout } from '../../src/image/package.ts';
import { Workshop } from '../../src/image/tools.ts';

const run = promisify(execFile);
const scratch = mkdtempSync(join(tmpdir(), 'tandem-package-'));
const tree = join(scratch, 'tree');
const shop = new Workshop(join(scratch, 'log'), () => undefined);
const epochS = 1_700_000_000;
afterAll(async () => {
  await shop.close();
  rmSync(scratch, { recursive: true, force: true });
});

beforeAll(() => {
  // Everything but Node itself and the modules, which would be 200 MB.
  const runtime = join(scratch, 'runtime');
  mkdirSync(join(runtime, 'bin'), { recursive: true });
  cpSync('/bin/true', join(runtime, 'bin/node'), { dereference: true });
  writeFileSync(join(runtime, 'LICENSE'), 'of Node\n');
  mkdirSync(join(scratch, 'modules/one'), { recursive: true });
  writeFileSync(join(scratch, 'modules/one/index.js'), '');
  writeFileSync(join(scratch, 'modules/one/one.node'), '', { mode: 0o755 });
  layTree({ root: checkout, runtime, modules: join(scratch, 'modules'), folder: tree });
});

describe('the tree', () => {
  test('has every system file in its place, and its checksums fit', async () => {
    for (const file of systemFiles) expect(existsSync(join(tree, file.to)), file.to).toBe(true);
    await run('sha256sum', ['--quiet', '--strict', '--check', manifestPath], { cwd: tree });
    expect(architectureOfTree(tree, Object.values(architectures))?.node).toBe(process.arch);
  });

  test('holds no tests and no tools of the workshop, and nothing that anybody may write', async () => {
    const manifest = readFileSync(join(tree, manifestPath), 'utf8');
    expect(manifest).toMatch(/usr\/lib\/tandem\/src\/version\.js/);
    expect(manifest).not.toMatch(/\.test\.ts|src\/image\//);
    expect((await run('find', [tree, '-perm', '/022', '!', '-type', 'l'])).stdout).toBe('');
    expect(statSync(join(tree, 'etc/tandem/tandem.yaml')).mode & 0o777).toBe(0o640);
    expect(statSync(join(tree, 'usr/lib/tandem/node_modules/one/one.node')).mode & 0o777).toBe(0o644);
  });

  test('brings a configuration that is right', async () => {
    const { stdout } = await run(process.execPath, [join(checkout, 'src/main.ts'), 'config', 'check', join(tree, 'etc/tandem/tandem.yaml')]);
    expect(stdout).toContain('is right');
  });
});

describe('the packages', () => {
  test('the same tree gives the same bundle, with its checksum beside it', async (ctx) => {
    if (!(await has('zstd'))) ctx.skip('zstd is not installed');
    const files = ['a', 'b'].map((name) => join(scratch, name, 'tandem.tar.zst'));
    for (const file of files) {
      mkdirSync(dirname(file));
      await packTree(shop, tree, file, epochS);
      await run('sha256sum', ['--check', 'tandem.tar.zst.sha256'], { cwd: dirname(file) });
    }
    expect(readFileSync(`${files[0]}.sha256`, 'utf8')).toBe(readFileSync(`${files[1]}.sha256`, 'utf8'));
  });

  test('dpkg takes the .deb: conffile, scripts that a shell understands, everything owned by root', async (ctx) => {
    if (!(await has('dpkg-deb'))) ctx.skip('this is no Debian: there is no dpkg-deb');
    const file = join(scratch, 'tandem.deb');
    const packages = readFileSync(join(checkout, 'debian-packages.txt'), 'utf8');
    await buildDeb(shop, { tree, version: '0.1.0', architecture: architectures.arm64, packages, folder: join(scratch, 'deb'), file, epochS });
    expect((await run('dpkg-deb', ['-f', file, 'Package', 'Architecture'])).stdout).toBe('Package: tandem\nArchitecture: arm64\n');
    const { stdout: list } = await run('dpkg-deb', ['-c', file], { maxBuffer: 8e6 });
    expect(list.split('\n').filter((line) => line !== '' && !line.includes(' root/root '))).toEqual([]);
    expect(list).toMatch(/-rw-r----- root\/root .* \.\/etc\/tandem\/tandem\.yaml/);
    const control = join(scratch, 'control');
    await run('dpkg-deb', ['-e', file, control]);
    expect(readFileSync(join(control, 'conffiles'), 'utf8')).toBe('/etc/tandem/tandem.yaml\n');
    for (const name of ['postinst', 'prerm', 'postrm']) await run('sh', ['-n', join(control, name)]);
    for (const name of ['tandem-media', 'tandem-control'])
      for (const script of ['postinst', 'postrm']) expect(readFileSync(join(control, script), 'utf8')).toContain(`${name}.service`);
  });
});

function has(tool: string): Promise<boolean> {
  return run('sh', ['-c', `command -v ${tool}`]).then(
    () => true,
    () => false,
  );
}
