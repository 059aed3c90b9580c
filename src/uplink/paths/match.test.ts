import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { findMatch, readInterfaces } from './match.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A /sys with a modem on USB port 1-1.2 that is called `name` now, and a built-in interface. */
function sys(name: string): string {
  const root = mkdtempSync(join(tmpdir(), 'tandem-sys-'));
  folders.push(root);
  const usb = join(root, 'devices/pci0000:00/usb1/1-1/1-1.2');
  for (const folder of [join(usb, '1-1.2:1.4'), join(root, 'drivers/qmi_wwan'), join(root, 'net', name), join(root, 'net/eth0')])
    mkdirSync(folder, { recursive: true });
  writeFileSync(join(usb, 'serial'), '860000000000001\n');
  symlinkSync(join(root, 'drivers/qmi_wwan'), join(usb, '1-1.2:1.4/driver'));
  symlinkSync(join(usb, '1-1.2:1.4'), join(root, 'net', name, 'device'));
  writeFileSync(join(root, 'net', name, 'address'), '02:00:5E:00:00:01\n');
  writeFileSync(join(root, 'net/eth0/address'), '02:00:5e:00:00:02\n');
  return join(root, 'net');
}

it.each(['wwan0', 'wwan7'])('a modem is found by its USB socket, serial number, driver and MAC address when it is called %s', (name) => {
  const interfaces = readInterfaces(sys(name));
  for (const match of [
    { usbPath: '1-1.2' },
    { serial: '860000000000001' },
    { driver: 'qmi_wwan' },
    { mac: '02:00:5e:00:00:01' },
    { usbPath: '1-1.2', driver: 'qmi_wwan' },
  ])
    expect(findMatch(match, interfaces)).toBe(name);
});

it('what has only part of the properties is not meant', () => {
  const interfaces = readInterfaces(sys('wwan0'));
  expect(findMatch({ usbPath: '1-1' }, interfaces)).toBeNull();
  expect(findMatch({ usbPath: '1-1.2', mac: '02:00:5e:00:00:02' }, interfaces)).toBeNull();
  expect(findMatch({ driver: 'qmi_wwan' }, [])).toBeNull();
});

it('a folder that is not there has no interfaces', () => {
  expect(readInterfaces('/nowhere')).toEqual([]);
});
