import { expect, test } from 'vitest';
import { parseProgress, parseSlots } from './rauc.ts';

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
