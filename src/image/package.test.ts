import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { architectures } from './architecture.ts';
import { control, debianVersion, dependencies } from './deb.ts';
import { checkLibraries, keepForBox, type LockFile } from './modules.ts';
import { checkout } from './package.ts';
import { runtimePin } from './runtime.ts';
import { libraryClosure } from './sysroot.ts';

const packages = readFileSync(`${checkout}/debian-packages.txt`, 'utf8');

describe('the pinned Node', () => {
  test('is read from the launcher, for both architectures', () => {
    const pin = runtimePin(readFileSync(`${checkout}/tandem`, 'utf8'));
    expect(pin.version).toMatch(/^24\.\d+\.\d+$/);
    expect(Buffer.from(pin.integrity.x64, 'base64')).toHaveLength(64);
    expect(Buffer.from(pin.integrity.arm64, 'base64')).toHaveLength(64);
    expect(pin.integrity.x64).not.toBe(pin.integrity.arm64);
  });

  test('is missed with a sentence when the launcher has none', () => {
    expect(() => runtimePin('node_version=24.0.0\n')).toThrow(/names no Node version/);
  });
});

describe('native modules', () => {
  test('may need what the oldest box has, and nothing newer', () => {
    expect(() => checkLibraries('x.node', '0 DF *UND* 0 GLIBC_2.35 memcpy\n0 DF *UND* 0 (GLIBCXX_3.4.30) x\n')).not.toThrow();
    expect(() => checkLibraries('x.node', '0 DF *UND* 0 GLIBC_2.38 __isoc23_strtol\n')).toThrow(/needs GLIBC 2\.38/);
    expect(() => checkLibraries('x.node', '0 DF *UND* 0 GLIBCXX_3.4.32 x\n')).toThrow(/Debian 12/);
  });

  test('are linked with libraries alone: no tools, no second libc', () => {
    const output =
      'libgstreamer1.0-dev\n  Depends: libglib2.0-dev\nlibglib2.0-dev\nzlib1g-dev\nlibc6\nlibc6-dev\npython3\nlibglib2.0-dev-bin\nlibgcc-s1\n<libfoo>\n';
    expect(libraryClosure(output)).toEqual(['libglib2.0-dev', 'libgstreamer1.0-dev', 'zlib1g-dev']);
  });
});

describe('the modules of a box', () => {
  const lock = JSON.parse(readFileSync(`${checkout}/package-lock.json`, 'utf8')) as LockFile;
  keepForBox(lock);
  const names = Object.keys(lock.packages);

  test('are what the daemons use, wherever npm has put it', () => {
    for (const name of ['express', 'mqtt', 'mqtt-packet', 'zod', 'koffi', '@koromix/koffi-linux-arm64', 'epoll', 'node-media-server'])
      expect(names).toContain(`node_modules/${name}`);
  });

  test('are nothing that only tests need, or a part of a package that is not used', () => {
    for (const name of ['vitest', 'typescript', 'aedes', 'jsonwebtoken', 'express-jwt', 'http2-express', 'cors'])
      expect(names).not.toContain(`node_modules/${name}`);
  });

  test('of two versions of the same package the one that is found is kept', () => {
    const nested: LockFile = {
      packages: {
        '': { dependencies: { a: '1' } },
        'node_modules/a': { dependencies: { b: '1' } },
        'node_modules/a/node_modules/b': { dependencies: { c: '1' } },
        'node_modules/b': {},
        'node_modules/c': { optionalDependencies: { gone: '1' } },
      },
    };
    keepForBox(nested);
    expect(Object.keys(nested.packages)).toEqual(['', 'node_modules/a', 'node_modules/a/node_modules/b', 'node_modules/c']);
  });
});

describe('the Debian package', () => {
  test('depends on the packages of the run list, under any name that a supported system has for them', () => {
    const names = dependencies(packages);
    expect(names).toContain('gstreamer1.0-plugins-good');
    expect(names).toContain('libsrt1.5-gnutls | libsrt1.4-gnutls | libsrt1.5-openssl');
    // What only building or testing needs stays out.
    expect(names.join()).not.toMatch(/-dev|g\+\+|mosquitto/);
  });

  test('has a control file that dpkg takes', () => {
    const text = control({ version: debianVersion(checkout), architecture: architectures.arm64, packages }, 1000);
    expect(text).toMatch(/^Package: tandem\nVersion: \d/);
    expect(text).toContain('\nArchitecture: arm64\n');
    for (const line of text.trimEnd().split('\n')) expect(line).toMatch(/^([A-Z][A-Za-z-]*: \S| \S)/);
  });
});
