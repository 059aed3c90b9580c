/** The programs that choose a slot, run for real against folders that stand in for a board's partitions, variables and boot loader. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const recipes = join(import.meta.dirname, '../../../yocto-layer/dynamic-layers');
const programs = join(recipes, 'rauc/recipes-tandem/tandem-slots/files');
const autoboot = readFileSync(join(recipes, 'raspberrypi/recipes-bsp/tandem-bootfs/files/autoboot.txt'), 'utf8');

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-slots-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function path(name: string): string {
  return join(folder, name);
}

function write(name: string, text: string | Buffer): void {
  writeFileSync(path(name), text);
}

/** A program of that name, found first by whatever is run. */
function stub(name: string, body: string): void {
  mkdirSync(path('bin'), { recursive: true });
  write(`bin/${name}`, `#!/bin/sh\n${body}\n`);
  chmodSync(path(`bin/${name}`), 0o755);
}

interface Answer {
  code: number | null;
  said: string;
  complained: string;
}

function run(program: string, env: Record<string, string>, ...args: string[]): Answer {
  const { status, stdout, stderr } = spawnSync('sh', [join(programs, program), ...args], {
    encoding: 'utf8',
    env: { PATH: `${path('bin')}:${process.env.PATH ?? ''}`, ...env },
  });
  return { code: status, said: stdout.trim(), complained: stderr.trim() };
}

function boot(slot: 'A' | 'B'): void {
  write('cmdline', `console=ttyAMA0 rauc.slot=${slot} quiet\n`);
}

describe('a Raspberry Pi 5 (tryboot)', () => {
  const backend = (...args: string[]): Answer =>
    run(
      'backend-tryboot',
      { TANDEM_AUTOBOOT_DEVICE: '', TANDEM_AUTOBOOT_FOLDER: folder, TANDEM_REBOOT_ARGUMENT: path('reboot-param'), TANDEM_COMMAND_LINE: path('cmdline') },
      ...args,
    );
  /** What the firmware would start: the argument of the restart is gone after one start. */
  const firmware = (): string => {
    const trial = existsSync(path('reboot-param')) && readFileSync(path('reboot-param'), 'utf8') === '0 tryboot';
    rmSync(path('reboot-param'), { force: true });
    const [all, tryboot] = readFileSync(path('autoboot.txt'), 'utf8').split('[tryboot]');
    const partition = /boot_partition=(\d)/.exec((trial ? tryboot : all) ?? '')?.[1];
    return partition === '2' ? 'A' : 'B';
  };
  beforeEach(() => {
    write('autoboot.txt', autoboot);
    boot('A');
  });

  test('starts A as it is flashed', () => {
    expect(backend('get-primary').said).toBe('A');
    expect(backend('get-current').said).toBe('A');
    expect(firmware()).toBe('A');
  });

  test('tries B once, and comes back to A by itself when B never marks itself good', () => {
    expect(backend('set-primary', 'B').code).toBe(0);
    expect(backend('get-primary').said).toBe('B');
    expect(firmware()).toBe('B');
    expect(firmware()).toBe('A');
  });

  test('stays on B once B has proved itself', () => {
    backend('set-primary', 'B');
    expect(firmware()).toBe('B');
    boot('B');
    expect(backend('set-state', 'B', 'good').code).toBe(0);
    expect(firmware()).toBe('B');
    expect(backend('get-primary').said).toBe('B');
    expect(Buffer.byteLength(readFileSync(path('autoboot.txt')))).toBeLessThan(512);
  });

  test('does not trust a slot that was marked good without having run', () => {
    backend('set-state', 'B', 'good');
    expect(firmware()).toBe('A');
  });

  test('leaves a slot that is marked bad, and remembers it', () => {
    backend('set-primary', 'B');
    expect(firmware()).toBe('B');
    boot('B');
    backend('set-state', 'B', 'bad');
    expect(backend('get-state', 'B').said).toBe('bad');
    expect(backend('get-state', 'A').said).toBe('good');
    expect(firmware()).toBe('A');
    backend('set-primary', 'B');
    expect(backend('get-state', 'B').said).toBe('good');
  });

  test.each([[['get-state', 'C']], [['set-state', 'A', 'fine']], [['mount']], [[]]])('refuses %j', (args) => {
    const { code, complained } = backend(...args);
    expect(code).not.toBe(0);
    expect(complained).toMatch(/^tandem slots: /);
  });

  test('says so when autoboot.txt is damaged', () => {
    write('autoboot.txt', '\0\0\0');
    expect(backend('get-primary')).toMatchObject({ code: 1, complained: expect.stringContaining('names no slot') });
  });
});

describe('a Jetson Orin (nvbootctrl)', () => {
  const variable = 'RootfsRedundancyLevel-781e084c-a330-417c-b678-38e696380cb9';
  const backend = (...args: string[]): Answer => run('backend-nvbootctrl', { TANDEM_EFI_VARIABLES: folder }, ...args);
  beforeEach(() => {
    write('calls', '');
    stub(
      'nvbootctrl',
      `echo "$@" >>${path('calls')}
case "$*" in
*get-current-slot) echo 0 ;;
*dump-slots-info) printf 'Current rootfs slot: A\\nActive rootfs slot: B\\nnum_slots: 2\\nslot: 0,             status: normal\\nslot: 1,             status: unbootable\\n' ;;
esac`,
    );
  });

  test.each([
    ['the variable is missing', null],
    ['the level is 0', 0],
  ])('refuses an update when %s, and touches nothing', (_, level) => {
    if (level !== null) write(variable, Buffer.from([7, 0, 0, 0, level]));
    for (const args of [['can-update'], ['set-primary', 'B']])
      expect(backend(...args)).toMatchObject({ code: 1, complained: expect.stringContaining('not armed') });
    expect(readFileSync(path('calls'), 'utf8')).not.toContain('set-active-boot-slot');
  });

  test('starts B next where redundancy is armed', () => {
    write(variable, Buffer.from([7, 0, 0, 0, 1]));
    expect(backend('can-update').code).toBe(0);
    expect(backend('set-primary', 'B').code).toBe(0);
    expect(readFileSync(path('calls'), 'utf8')).toContain('-t rootfs set-active-boot-slot 1\n');
  });

  test('tells what runs, what will run, and what cannot', () => {
    expect(backend('get-current').said).toBe('A');
    expect(backend('get-primary').said).toBe('B');
    expect(backend('get-state', 'A').said).toBe('good');
    expect(backend('get-state', 'B').said).toBe('bad');
  });

  test('puts the tries back for the slot that runs only', () => {
    backend('set-state', 'B', 'good');
    expect(readFileSync(path('calls'), 'utf8')).not.toContain('verify');
    backend('set-state', 'A', 'good');
    expect(readFileSync(path('calls'), 'utf8')).toContain('verify\n');
  });
});

describe('a Raspberry Pi 4 (U-Boot)', () => {
  test.each([
    ['can be read', 'echo "BOOT_ORDER=A B"', 0],
    ['cannot be read', 'exit 1', 1],
  ])('takes an update only where the environment %s', (_, body, code) => {
    stub('fw_printenv', body);
    expect(run('backend-uboot', {}, 'can-update').code).toBe(code);
  });
});

describe('the virtual box (a file)', () => {
  const backend = (...args: string[]): Answer => run('backend-file', { TANDEM_SLOT_FILE: path('slots'), TANDEM_COMMAND_LINE: path('cmdline') }, ...args);
  test('goes from one slot to the other and back', () => {
    boot('A');
    expect(backend('get-primary').said).toBe('A');
    backend('set-primary', 'B');
    expect(backend('get-primary').said).toBe('B');
    backend('set-state', 'B', 'bad');
    expect([backend('get-primary').said, backend('get-state', 'B').said]).toEqual(['A', 'bad']);
    backend('set-state', 'B', 'good');
    expect(backend('get-state', 'B').said).toBe('good');
  });
});

describe('a slot on trial', () => {
  const slotFiles = (): Record<string, string> => ({
    TANDEM_GRACE_SECONDS: '0',
    TANDEM_TRIAL_FILE: path('trial'),
    TANDEM_ROLLBACK_FILE: path('rolled-back'),
    TANDEM_CURRENT_SLOT: path('bin/current'),
  });
  const markGood = (): Answer => run('mark-good', slotFiles());
  const said = (): string => (existsSync(path('calls')) ? readFileSync(path('calls'), 'utf8') : '');
  beforeEach(() => {
    stub('current', 'echo B');
    stub('rauc', `echo rauc "$@" >>${path('calls')}`);
    stub('systemctl', `case $1 in reboot) echo reboot >>${path('calls')} ;; *) test ! -e ${path('down')} ;; esac`);
    stub('tandem', `test ! -e ${path('silent')}`);
    run('after-install', { TANDEM_TRIAL_FILE: path('trial'), RAUC_CURRENT_BOOTNAME: 'A' });
  });

  test('is the other one of what ran at the update', () => {
    expect(readFileSync(path('trial'), 'utf8')).toBe('B\n');
  });

  test('is marked good once both daemons are there and media answers, and is on trial no more', () => {
    expect(markGood().code).toBe(0);
    expect(said()).toBe('rauc status mark-good booted\n');
    expect(existsSync(path('trial'))).toBe(false);
  });

  test.each([
    ['down', 'tandem-media.service is not active'],
    ['silent', 'media does not answer'],
  ])('is given up with its reason when it is %s', (how, why) => {
    write(how, '');
    expect(markGood().said).toContain(why);
    expect(said()).toBe('rauc status mark-bad booted\nreboot\n');
    expect(readFileSync(path('rolled-back'), 'utf8')).toContain(why);
  });

  test('that was good before is never left for a daemon that does not come up', () => {
    rmSync(path('trial'));
    write('down', '');
    expect(markGood().code).toBe(1);
    expect(said()).toBe('');
  });
});
