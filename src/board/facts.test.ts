import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  pmicPower,
  raspberryPower,
  readBoardModel,
  readJetsonPower,
  readRaspberryPower,
  readSensorPower,
  readThermalZones,
  timesyncSynchronised,
} from './facts.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tandem-board-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

test('a machine without any of it says that it cannot tell', async () => {
  expect(await readThermalZones(root)).toEqual({});
  expect(await readRaspberryPower(root)).toBeNull();
  expect(await readJetsonPower(root, null)).toBeNull();
  expect(await readBoardModel(root)).toBeNull();
  expect(timesyncSynchronised(root)).toBeNull();
});

test('thermal zones are read in °C; those that are off are left out', async () => {
  put({
    'sys/class/thermal/thermal_zone0/type': 'cpu-thermal\n',
    'sys/class/thermal/thermal_zone0/temp': '61234\n',
    'sys/class/thermal/thermal_zone1/type': 'cpu-thermal\n',
    'sys/class/thermal/thermal_zone1/temp': '50000\n',
    'sys/class/thermal/thermal_zone2/type': 'cv0-thermal\n',
    'sys/class/thermal/thermal_zone2/temp': '-256000\n',
    'sys/class/thermal/cooling_device0/type': 'fan\n',
  });
  expect(await readThermalZones(root)).toEqual({ 'cpu-thermal': 61.234, 'cpu-thermal-2': 50 });
});

test('the flags of a Raspberry Pi are told apart: now and since boot', async () => {
  expect(raspberryPower('throttled=0x0\n')).toEqual({ underVoltage: false, throttled: false, throttledSinceBoot: false, powerW: null });
  expect(raspberryPower('50005')).toMatchObject({ underVoltage: true, throttled: true, throttledSinceBoot: true });
  expect(raspberryPower('0x10000')).toMatchObject({ underVoltage: false, throttled: false, throttledSinceBoot: false });
  expect(raspberryPower('error=1')).toBeNull();
  put({ 'sys/devices/platform/soc/soc:firmware/get_throttled': '80008\n', 'proc/device-tree/model': 'Raspberry Pi 5 Model B Rev 1.0\0' });
  expect(await readRaspberryPower(root)).toMatchObject({ underVoltage: false, throttled: true });
  expect(await readBoardModel(root)).toBe('Raspberry Pi 5 Model B Rev 1.0');
});

test('a Jetson is throttled while its over-current counters rise', async () => {
  put({
    'sys/class/hwmon/hwmon1/name': 'ina3221\n',
    'sys/class/hwmon/hwmon1/in1_input': '5000\n',
    'sys/class/hwmon/hwmon1/curr1_input': '2400\n',
    'sys/class/hwmon/hwmon2/name': 'soctherm_oc\n',
    'sys/class/hwmon/hwmon2/oc1_event_cnt': '0\n',
    'sys/class/hwmon/hwmon2/oc3_event_cnt': '7\n',
  });
  const first = await readJetsonPower(root, null);
  expect(first).toMatchObject({ events: 7, facts: { throttled: false, throttledSinceBoot: true, powerW: 12 } });
  expect(await readJetsonPower(root, 6)).toMatchObject({ facts: { throttled: true } });
});

test('the power chip of a Raspberry Pi 5 is read rail by rail, and other words are none', () => {
  const said =
    '     3V3_SYS_A current(1)=0.10000000A\n     VDD_CORE_A current(7)=2.00000000A\n     3V3_SYS_V volt(9)=3.30000000V\n     VDD_CORE_V volt(15)=0.85000000V\n     EXT5V_V volt(24)=5.15000000V\n';
  expect(pmicPower(said)).toBe(2.03);
  expect(pmicPower('error=1 error_msg="Command not registered"')).toBeNull();
});

test('a power sensor is read in microwatt', async () => {
  put({ 'sys/class/hwmon/hwmon0/name': 'cpu_thermal\n', 'sys/class/hwmon/hwmon1/name': 'ina226\n', 'sys/class/hwmon/hwmon1/power1_input': '7250000\n' });
  expect(await readSensorPower(root)).toBe(7.25);
  expect(await readSensorPower('/nowhere')).toBeNull();
});
