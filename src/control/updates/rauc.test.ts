import { expect, test } from 'vitest';
import { parseFailure, parseProgress, parseSlots, saysBusy } from './rauc.ts';

/** As RAUC 1.8 to 1.11 print it with --detailed, shortened. */
const status = {
  compatible: 'tandem-raspberrypi5',
  variant: '',
  booted: 'A',
  boot_primary: 'rootfs.1',
  slots: [
    {
      'rootfs.1': {
        class: 'rootfs',
        device: '/dev/mmcblk0p3',
        type: 'raw',
        bootname: 'B',
        state: 'inactive',
        parent: null,
        mountpoint: null,
        boot_status: 'good',
        slot_status: {
          bundle: { compatible: 'tandem-raspberrypi5', version: '0.2.0', description: null, build: null },
          checksum: { sha256: 'ab', size: 1 },
          installed: { timestamp: '2026-11-01T10:00:00Z', count: 3 },
          status: 'ok',
        },
      },
    },
    {
      'rootfs.0': { class: 'rootfs', device: '/dev/mmcblk0p2', type: 'raw', bootname: 'A', state: 'booted', boot_status: 'bad', slot_status: { bundle: null } },
    },
    { 'data.0': { class: 'data', device: '/dev/mmcblk0p4', type: 'ext4', bootname: null, state: 'inactive', parent: 'rootfs.0' } },
  ],
};

test('the slots that the boot loader can choose are read, with what is in them and which comes next', () => {
  expect(parseSlots(JSON.stringify(status))).toEqual([
    {
      name: 'rootfs.1',
      device: '/dev/mmcblk0p3',
      bootName: 'B',
      booted: false,
      next: true,
      bootStatus: 'good',
      version: '0.2.0',
      installedAt: '2026-11-01T10:00:00Z',
    },
    { name: 'rootfs.0', device: '/dev/mmcblk0p2', bootName: 'A', booted: true, next: false, bootStatus: 'bad', version: null, installedAt: null },
  ]);
});

test.each(['', 'null', '[]', '{"slots":7}', '{"slots":[null,7,{"a":null}]}', 'rauc: no such file'])('what RAUC does not print gives no slots: %s', (text) => {
  expect(parseSlots(text)).toEqual([]);
});

test('progress is read, and other lines are passed over', () => {
  expect(parseProgress(' 40% Copying image to rootfs.1')).toEqual({ pct: 40, step: 'Copying image to rootfs.1' });
  expect(parseProgress('100% Installing done.')).toEqual({ pct: 100, step: 'Installing done.' });
  expect(parseProgress('Installing `/tmp/x.raucb` succeeded')).toBeNull();
});

/** As RAUC 1.8 printed it. */
const closing = 'Installing `https://updates.example.net/x.raucb` failed';

test('why an installation failed is what the service said last, not that it failed', () => {
  const output = ['installing', ' 40% Checking bundle failed.', '100% Installing failed.', 'LastError: Failed to download bundle: HTTP returned >=400', 'idle'];
  expect(parseFailure(output, [closing])).toBe('Failed to download bundle: HTTP returned >=400');
});

test.each([
  [
    ['Failed GDBus.Error:org.freedesktop.DBus.Error.ServiceUnknown: The name de.pengutronix.rauc was not provided by any .service files'],
    'Failed The name de.pengutronix.rauc was not provided by any .service files',
  ],
  [['RAUC service disappeared'], 'RAUC service disappeared'],
  [[], 'D-Bus error while installing `https://updates.example.net/x.raucb`'],
])('without a word of the service it is what the program met: %j', (error, words) => {
  expect(parseFailure([], [...error, 'D-Bus error while installing `https://updates.example.net/x.raucb`', ''])).toBe(words);
});

test('silence gives no reason', () => {
  expect(parseFailure(['installing', 'idle'], [''])).toBeNull();
});

test.each([
  ['1.8', 'Error retrieving slot status via D-Bus: error calling D-Bus method "GetSlotStatus": already processing a different method', true],
  ['1.15', 'Failed to contact rauc service: Already processing a different method', true],
  ['1.8', 'Error retrieving slot status via D-Bus: error creating proxy: Could not connect: No such file or directory', false],
])('RAUC %s that installs for somebody else is known by its words: %s', (_, words, busy) => {
  expect(saysBusy(words)).toBe(busy);
});
