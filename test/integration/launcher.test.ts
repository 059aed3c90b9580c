/**
 * The launcher as people meet it on machines that lack something: one clear sentence, the right exit code, and nothing half
 * in place. What a whole set-up does is shown by every run of CI, which starts with one.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkout, type Ended, inNamespaces, isRoot, LauncherWorld, nodeVersion, Registry, runtimeName } from './launcher-world.ts';
import { until } from './processes.ts';

let world: LauncherWorld;
beforeEach(() => {
  world = new LauncherWorld();
});
afterEach(() => world.end());

const verbs = [
  'demo',
  'run',
  'media',
  'control',
  'gateway',
  'status',
  'pin',
  'unpin',
  'rehearse',
  'doctor',
  'config',
  'firewall',
  'hardware-test',
  'setup',
  'test',
  'check',
  'bench',
  'package',
  'sim',
  'srt-bonding',
  'virtual-box',
  'yocto',
];
const noSuchPackage = 'run tandem-no-such-package # a package that no machine has\n';

/** One sentence for a person, and no other word: no usage, no stack, no line of bash. */
function saysOneSentence(ended: Ended, code: number, says: RegExp) {
  expect(ended.code, ended.err).toBe(code);
  expect(ended.lines, ended.err).toHaveLength(1);
  failsWith(ended, code, says);
}

/** The same after a part of the work, which it has told line by line. */
function failsWith(ended: Ended, code: number, says: RegExp) {
  expect(ended.code, ended.err).toBe(code);
  expect(ended.lines.at(-1)).toMatch(says);
  expect(
    ended.lines.filter((line) => !line.startsWith('tandem: ')),
    'lines that are not the launcher’s',
  ).toEqual([]);
  expect(ended.out).toBe('');
}

/** Neither a runtime nor modules nor what they were to be made of. */
function nothingHalfInPlace(copy: string) {
  expect(existsSync(join(copy, 'node_modules')), 'node_modules').toBe(false);
  const state = existsSync(join(copy, '.tandem')) ? readdirSync(join(copy, '.tandem')) : [];
  expect(state.filter((name) => name !== 'lock' && name !== 'setup.log')).toEqual([]);
}

describe('the command line', () => {
  it('lists each verb, and sets nothing up for that', async () => {
    const copy = world.freshCopy();
    for (const help of ['--help', '-h', 'help']) {
      const ended = await world.run([help], { in: copy });
      expect(ended.code).toBe(0);
      expect(ended.out.match(/(?<=^ {2})[\w-]+/gm)).toEqual(verbs);
      expect(ended.err).toBe('');
    }
    nothingHalfInPlace(copy);
  });

  it('reaches every verb that the program has', () => {
    const said = execFileSync(process.execPath, [join(checkout, 'src/main.ts'), '--help'], { encoding: 'utf8' });
    const known = [...(said.split('Commands:')[1] ?? '').matchAll(/^ {2}(\w[\w-]*)/gm)].map(([, name]) => name).filter((name) => name !== 'help');
    expect(known.length).toBeGreaterThan(5);
    expect(verbs).toEqual(expect.arrayContaining(known));
  });

  it('shows the same list when there is no verb', async () => {
    const ended = await world.run([], { in: world.freshCopy() });
    expect(ended.code).toBe(64);
    expect(ended.err).toContain('Usage: ./tandem <verb>');
  });

  it('refuses a verb that it does not know, and an option that setup does not know', async () => {
    const copy = world.freshCopy();
    saysOneSentence(await world.run(['stream'], { in: copy }), 64, /there is no verb "stream"; \.\/tandem --help lists them/);
    saysOneSentence(await world.run(['|'], { in: copy }), 64, /there is no verb/);
    saysOneSentence(await world.run(['setup', '--all'], { in: copy }), 64, /setup takes nothing but --test, not "--all"/);
    nothingHalfInPlace(copy);
  });
});

describe('a second run', () => {
  it('starts within 2 s, asks neither npm nor apt, and needs no network', async (ctx) => {
    const alone = inNamespaces('--net');
    if (alone === null) return ctx.skip('this user may not make a network namespace');
    const refuse = 'echo "$0 was called" >&2; exit 99';
    const env = { PATH: world.machine({ scripts: { npm: refuse, 'apt-get': refuse, sudo: refuse } }) };
    const copy = world.setUpCheckout();
    for (const args of [['demo', '--help'], ['doctor', '--help'], ['status', '--help'], ['setup']]) {
      // The best of three: two other tests share the processor.
      const tries: Ended[] = [];
      for (let n = 0; n < 3; n++) tries.push(await world.run(args, { in: copy, env, before: alone }));
      for (const ended of tries) expect({ code: ended.code, err: ended.err }).toEqual({ code: 0, err: '' });
      expect(Math.min(...tries.map(({ ms }) => ms)), args.join(' ')).toBeLessThan(2000);
    }
  });

  it('is a set-up again when the lock has changed', async () => {
    const copy = world.copyWithRuntime();
    mkdirSync(join(copy, 'node_modules'));
    writeFileSync(join(copy, 'node_modules/.tandem-stamp'), 'of another lock\n');
    const env = { TANDEM_SKIP_PACKAGES: '1', PATH: world.machine({ without: ['npm'] }) };
    saysOneSentence(await world.run(['setup'], { in: copy, env }), 69, /npm is missing/);
  });
});

describe('a machine that cannot be set up', () => {
  it('is of another architecture', async () => {
    const copy = world.freshCopy();
    const env = { PATH: world.machine({ scripts: { uname: 'echo riscv64' } }) };
    saysOneSentence(await world.run(['demo'], { in: copy, env }), 69, /this machine is riscv64/);
    expect(existsSync(join(copy, '.tandem'))).toBe(false);
  });

  it('has a 32-bit system on a 64-bit kernel', async () => {
    const copy = world.freshCopy({ packages: noSuchPackage });
    const env = { PATH: world.machine({ scripts: { dpkg: 'echo armhf' } }) };
    saysOneSentence(await world.run(['setup'], { in: copy, env }), 69, /needs a 64-bit system; this one is armhf/);
  });

  it('is no Debian', async () => {
    const copy = world.freshCopy();
    const env = { PATH: world.machine({ without: ['dpkg-query', 'dpkg', 'apt-get'] }) };
    saysOneSentence(await world.run(['setup'], { in: copy, env }), 69, /not Debian or a relative.*TANDEM_SKIP_PACKAGES=1/);
  });

  it('has the checkout where no compiler finds it', async () => {
    const copy = world.freshCopy({ name: 'my projects' });
    const env = { TANDEM_SKIP_PACKAGES: '1' };
    saysOneSentence(
      await world.run(['demo'], { in: copy, env }),
      69,
      /cannot be built below a path with a space or a colon: move this checkout out of ".*my projects-\d+"$/,
    );
  });

  it('has no npm', async () => {
    const copy = world.freshCopy();
    const env = { PATH: world.machine({ without: ['npm', 'node'] }) };
    saysOneSentence(await world.run(['demo', '--for', '30s'], { in: copy, env }), 69, /npm is missing: Tandem needs Node 20 or later with npm/);
    nothingHalfInPlace(copy);
  });

  it('has no sudo for a user without privilege, who is told what root would type', async () => {
    const copy = world.freshCopy({ packages: noSuchPackage });
    const env = { PATH: world.machine({ without: ['sudo'] }) };
    const ended = await world.run(['setup'], { ...world.asNobody(copy), env });
    saysOneSentence(ended, 77, /only root can install them \(there is no sudo\): as root, apt-get install --no-install-recommends tandem-no-such-package$/);
    nothingHalfInPlace(copy);
  });

  it('lacks what makes images: the verbs that need it name it, with this machine’s compiler for the other architecture alone', async () => {
    const list = [
      'image tandem-no-image # x',
      'image-x64 tandem-no-compiler-x64 # x',
      'image-arm64 tandem-no-compiler-arm64 # x',
      'run tandem-no-run # x',
    ].join('\n');
    const env = { PATH: world.machine({ without: ['sudo'] }) };
    for (const [verb, others] of [
      ['package', ''],
      ['virtual-box', ' tandem-no-run'],
    ] as const) {
      const ended = await world.run([verb, '--help'], { ...world.asNobody(world.freshCopy({ packages: `${list}\n` })), env });
      saysOneSentence(ended, 77, /only root can install them/);
      const named = /--no-install-recommends (.*)$/
        .exec(ended.lines[0] ?? '')?.[1]
        ?.split(' ')
        .sort();
      expect(named).toEqual(`tandem-no-image tandem-no-compiler-${process.arch}${others}`.split(' ').sort());
    }
  });

  it('has a sudo that wants a password, with nobody there to type it', async () => {
    const copy = world.freshCopy({ packages: noSuchPackage });
    const env = { PATH: world.machine({ scripts: { sudo: 'echo "sudo: a password is required" >&2; exit 1' } }) };
    const ended = await world.run(['setup'], { ...world.asNobody(copy), env });
    saysOneSentence(ended, 77, /sudo wants a password: sudo apt-get install --no-install-recommends tandem-no-such-package$/);
  });

  it('lets this user not write to the checkout', async () => {
    const copy = world.freshCopy();
    const { before } = world.asNobody(world.freshCopy());
    chmodSync(copy, 0o555);
    saysOneSentence(await world.run(['setup'], { in: copy, ...(before && { before }) }), 77, /cannot write to .*: set up as the user who owns this checkout/);
    chmodSync(copy, 0o755);
  });
});

describe('a Debian mirror', () => {
  it('that is dead is named, and this machine’s own package state is not touched', async (ctx) => {
    const before = isRoot ? [] : inNamespaces();
    if (before === null) return ctx.skip('this user may not become root in a namespace');
    const copy = world.freshCopy({ packages: noSuchPackage });
    // Port 9 (discard) is closed everywhere. apt gets its lists, cache and settings from here alone.
    const apt = join(world.directory, 'apt');
    for (const folder of ['etc/apt.conf.d', 'state/lists/partial', 'cache/archives/partial', 'log']) mkdirSync(join(apt, folder), { recursive: true });
    writeFileSync(join(apt, 'etc/sources.list'), 'deb [trusted=yes] http://127.0.0.1:9/debian bookworm main\n');
    writeFileSync(join(apt, 'status'), '');
    writeFileSync(
      join(apt, 'apt.conf'),
      `Dir::Etc "${apt}/etc"; Dir::State "${apt}/state"; Dir::State::status "${apt}/status"; Dir::Cache "${apt}/cache"; Dir::Log "${apt}/log"; Dir::Bin::dpkg "/bin/false"; APT::Sandbox::User "";`,
    );
    const env = { APT_CONFIG: join(apt, 'apt.conf') };
    const ended = await world.run(['setup'], { in: copy, env, before });
    failsWith(ended, 69, /Debian's mirror cannot be reached or does not answer: .*127\.0\.0\.1/);
    expect(ended.lines[0]).toBe('tandem: installing 1 Debian packages: tandem-no-such-package');
    nothingHalfInPlace(copy);
  });
});

/** Packages that stand for those with a native part, and a lock that wants only them. */
function smallLock(copy: string, registry: Registry, { damaged = '' } = {}) {
  const dependencies: Record<string, string> = {};
  const packages: Record<string, unknown> = {};
  for (const name of ['koffi', 'gstreamer-superficial', 'epoll']) {
    const integrity = registry.put(name, '1.0.0', 'module.exports = 1;\n', { damaged: name === damaged });
    dependencies[name] = '1.0.0';
    packages[`node_modules/${name}`] = { version: '1.0.0', resolved: `${registry.url}/${name}/-/${name}-1.0.0.tgz`, integrity };
  }
  writeFileSync(join(copy, 'package.json'), JSON.stringify({ name: 'tandem', version: '0.1.0', dependencies, allowScripts: { epoll: true } }));
  const root = { name: 'tandem', version: '0.1.0', dependencies };
  writeFileSync(join(copy, 'package-lock.json'), JSON.stringify({ name: 'tandem', version: '0.1.0', lockfileVersion: 3, packages: { '': root, ...packages } }));
}

describe('an npm registry', () => {
  let registry: Registry;
  let env: NodeJS.ProcessEnv;
  beforeEach(async () => {
    registry = await Registry.open();
    // Nothing but npm fetches: a machine without curl and wget can be set up.
    const PATH = world.machine({ without: ['curl', 'wget'] });
    env = { npm_config_registry: registry.url, TANDEM_SKIP_PACKAGES: '1', PATH };
  });
  afterEach(() => registry.close());

  const runtime = `node-linux-${process.arch}`;

  it('that is dead, or takes the call and is silent, is named within 40 s', async () => {
    // Silent for 30 s is what ends it otherwise.
    const silent = { ...env, npm_config_fetch_timeout: '1000' };
    registry.silent = true;
    const dead = { ...env, npm_config_registry: 'http://127.0.0.1:9' };
    const copies = [world.freshCopy(), world.freshCopy()] as const;
    const all = await Promise.all([world.run(['demo'], { in: copies[0], env: dead }), world.run(['demo'], { in: copies[1], env: silent })]);
    for (const ended of all) {
      failsWith(ended, 69, /Node .* could not be fetched: the npm registry cannot be reached or does not answer \(\w+\); is the network up\?$/);
      expect(ended.ms).toBeLessThan(40_000);
    }
    for (const copy of copies) nothingHalfInPlace(copy);
  });

  it('that does not have the runtime is quoted', async () => {
    const copy = world.freshCopy();
    failsWith(await world.run(['demo'], { in: copy, env }), 69, new RegExp(`Node ${nodeVersion} could not be fetched: .*404.*setup\\.log`));
    nothingHalfInPlace(copy);
  });

  it('that gives another runtime than this repository pins is not believed', async () => {
    registry.put(runtime, nodeVersion, 'everything fits but what is pinned');
    const copy = world.freshCopy();
    failsWith(
      await world.run(['demo'], { in: copy, env }),
      69,
      new RegExp(`what the registry gave as ${runtime}-${nodeVersion}\\.tgz is not what this repository pins`),
    );
    nothingHalfInPlace(copy);
  });

  it('that gives tarballs cut short is not believed, and what was there stays as it was', async () => {
    registry.put(runtime, nodeVersion, '', { damaged: true });
    const fresh = world.freshCopy();
    const old = world.copyWithRuntime();
    smallLock(old, registry, { damaged: 'koffi' });
    mkdirSync(join(old, 'node_modules'));
    writeFileSync(join(old, 'node_modules/old.js'), '');
    // Both at once: npm tries each three times, twelve seconds in all.
    const [ofRuntime, ofModule] = await Promise.all([world.run(['demo'], { in: fresh, env }), world.run(['setup'], { in: old, env })]);
    failsWith(ofRuntime, 69, /Node .* could not be fetched: what the registry gave is damaged/);
    nothingHalfInPlace(fresh);
    failsWith(ofModule, 69, /npm ci failed: what the registry gave is damaged/);
    expect(readdirSync(join(old, 'node_modules'))).toEqual(['old.js']);
    expect(readdirSync(join(old, '.tandem')).sort()).toEqual(['lock', runtimeName, 'setup.log']);
  });

  it('that gives more than the disk takes is not to blame', async (ctx) => {
    const alone = inNamespaces('--mount');
    if (alone === null) return ctx.skip('this user may not mount anything');
    registry.put(runtime, nodeVersion, randomBytes(400_000).toString('base64'));
    const copy = world.freshCopy();
    mkdirSync(join(copy, '.tandem'));
    const before = [...alone, 'sh', '-c', `mount -t tmpfs -o size=100k tmpfs '${copy}/.tandem' && exec "$0" "$@"`];
    failsWith(await world.run(['demo'], { in: copy, env, before }), 71, /Node .* could not be fetched: the disk is full/);
  });

  it('whose native module does not load leaves the modules as they were', async () => {
    const copy = world.copyWithRuntime();
    smallLock(copy, registry);
    const lock = join(copy, 'package-lock.json');
    const integrity = registry.put('epoll', '1.0.0', 'throw new Error("no native part");\n');
    writeFileSync(lock, readFileSync(lock, 'utf8').replace(/(epoll-1\.0\.0\.tgz","integrity":")[^"]+/, `$1${integrity}`));
    failsWith(await world.run(['setup'], { in: copy, env }), 69, /the native part of epoll was not built or does not load/);
    expect(existsSync(join(copy, 'node_modules'))).toBe(false);
  });

  it('whose module cannot be built has the compiler quoted', async () => {
    const copy = world.copyWithRuntime();
    smallLock(copy, registry);
    const script = "echo '../src/epoll.cc:10:10: fatal error: uv.h: No such file or directory' >&2; exit 2";
    const integrity = registry.put('epoll', '1.0.0', '', { install: script });
    const lock = join(copy, 'package-lock.json');
    const text = readFileSync(lock, 'utf8').replace(/(epoll-1\.0\.0\.tgz","integrity":")[^"]+"/, `$1${integrity}","hasInstallScript":true`);
    writeFileSync(lock, text);
    const ended = await world.run(['setup'], { in: copy, env });
    failsWith(ended, 69, /npm ci failed: the install script of epoll failed: uv\.h: No such file or directory; the whole story is in .*setup\.log$/);
    expect(existsSync(join(copy, 'node_modules'))).toBe(false);
  });

  it('serves two launchers one after the other: the second waits, and finds everything done', async () => {
    const copy = world.copyWithRuntime();
    smallLock(copy, registry);
    let open = () => {};
    registry.gate = new Promise((resolve) => {
      open = resolve;
    });
    const first = world.launch(['setup'], { in: copy, env });
    await until('the first to fetch a module', () => registry.asked.some((url) => url.endsWith('.tgz')));
    const second = world.launch(['setup'], { in: copy, env });
    await until('the second to wait', () => second.err().includes('tandem: another ./tandem is setting up; waiting for it'));
    open();
    for (const ended of [await first.ended, await second.ended]) expect(ended.code, ended.err).toBe(0);
    expect(registry.asked.filter((url) => url.endsWith('.tgz'))).toHaveLength(3);
    expect(readdirSync(join(copy, 'node_modules'))).toEqual(expect.arrayContaining(['koffi', 'gstreamer-superficial', 'epoll']));
    expect((await second.ended).err).not.toContain('npm ci');
    // And the third finds that in no time, even when the registry has gone.
    const third = await world.run(['setup'], { in: copy, env: { ...env, npm_config_registry: 'http://127.0.0.1:9' } });
    expect({ code: third.code, err: third.err }).toEqual({ code: 0, err: '' });
  });

  it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('may be left in the middle by %s: the next run does it all again', async (signal) => {
    const copy = world.copyWithRuntime();
    smallLock(copy, registry);
    let open = () => {};
    registry.gate = new Promise((resolve) => {
      open = resolve;
    });
    const cut = world.launch(['setup'], { in: copy, env });
    await until('it to fetch a module', () => registry.asked.some((url) => url.endsWith('.tgz')));
    cut.kill(signal);
    // npm hears of it only when it looks up again; a killed launcher leaves it to end by itself.
    open();
    const { code } = await cut.ended;
    expect(code).toBe({ SIGKILL: null, SIGTERM: 143, SIGINT: 130 }[signal]);
    expect(existsSync(join(copy, 'node_modules'))).toBe(false);
    const again = await world.run(['setup'], { in: copy, env });
    expect(again.code, again.err).toBe(0);
    expect(readdirSync(join(copy, '.tandem')).sort()).toEqual(['lock', runtimeName, 'setup.log']);
    expect(existsSync(join(copy, 'node_modules/.tandem-stamp'))).toBe(true);
  });
});
