/** What boards tell in their own files: heat, power, throttling. Each reads below `root`, so that tests give it a tree of their own. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface PowerFacts {
  underVoltage: boolean | null;
  throttled: boolean | null;
  throttledSinceBoot: boolean | null;
  powerW: number | null;
}

/** Temperature of each thermal zone, °C. Zones of the same type are numbered. */
export async function readThermalZones(root: string): Promise<Record<string, number>> {
  const zones: Record<string, number> = {};
  for (const folder of await list(join(root, 'sys/class/thermal'), /^thermal_zone\d+$/)) {
    const type = await text(join(folder, 'type'));
    const milli = await number(join(folder, 'temp'));
    // Jetson reports −256 °C for zones that are switched off.
    if (type === null || milli === null || milli < -40_000 || milli > 200_000) continue;
    let name = type;
    for (let count = 2; name in zones; count++) name = `${type}-${count}`;
    zones[name] = milli / 1000;
  }
  return zones;
}

const raspberryThrottled = 'sys/devices/platform/soc/soc:firmware/get_throttled';

/**
 * Raspberry Pi: the firmware's flags (documentation of `vcgencmd get_throttled`): bit 0 under-voltage now, 1 frequency
 * capped, 2 throttled, 3 soft temperature limit; 16 to 19 the same since boot. Null where there is no such file.
 */
export async function readRaspberryPower(root: string): Promise<PowerFacts | null> {
  const hex = await text(join(root, raspberryThrottled));
  return hex === null ? null : raspberryPower(hex);
}

/** @param hex as the file or vcgencmd (`throttled=0x50005`) gives it. Null for something else. */
export function raspberryPower(hex: string): PowerFacts | null {
  const digits = /^(?:throttled=)?(?:0x)?([0-9a-f]{1,8})$/i.exec(hex.trim())?.[1];
  if (digits === undefined) return null;
  const flags = Number.parseInt(digits, 16);
  return { underVoltage: (flags & 0x1) !== 0, throttled: (flags & 0xe) !== 0, throttledSinceBoot: (flags & 0xe_0000) !== 0, powerW: null };
}

/**
 * Jetson: the over-current events of the `soctherm_oc` monitor (Jetson Linux developer guide, “Jetson Module Over-current
 * throttling”), and the power of the first rail (VDD_IN) of its INA3221 sensor.
 *
 * @param before the sum of events when it was read last; throttled now means that there are new ones.
 */
export async function readJetsonPower(root: string, before: number | null): Promise<{ facts: PowerFacts; events: number } | null> {
  let events: number | null = null;
  let powerW: number | null = null;
  for (const folder of await list(join(root, 'sys/class/hwmon'), /^hwmon\d+$/)) {
    const name = await text(join(folder, 'name'));
    if (name === 'soctherm_oc') {
      events ??= 0;
      for (const file of await list(folder, /^oc\d+_event_cnt$/)) events += (await number(file)) ?? 0;
    }
    if (name === 'ina3221') {
      const milliVolt = await number(join(folder, 'in1_input'));
      const milliAmpere = await number(join(folder, 'curr1_input'));
      if (powerW === null && milliVolt !== null && milliAmpere !== null) powerW = (milliVolt * milliAmpere) / 1e6;
    }
  }
  if (events === null) return null;
  return { facts: { underVoltage: null, throttled: before !== null && events > before, throttledSinceBoot: events > 0, powerW }, events };
}

const powerSensors: ReadonlySet<string> = new Set(['ina219', 'ina220', 'ina226', 'ina230', 'ina231', 'ina238', 'ina260']);

/** What a power sensor of the INA2xx kind measures, W (kernel documentation, hwmon/ina2xx: power1_input is in microwatt). Null: there is none. */
export async function readSensorPower(root: string): Promise<number | null> {
  for (const folder of await list(join(root, 'sys/class/hwmon'), /^hwmon\d+$/)) {
    if (!powerSensors.has((await text(join(folder, 'name'))) ?? '')) continue;
    const micro = await number(join(folder, 'power1_input'));
    if (micro !== null) return micro / 1e6;
  }
  return null;
}

/**
 * Raspberry Pi 5: what its power chip gives to the rails that it measures, W, from `vcgencmd pmic_read_adc`: lines such as `VDD_CORE_A current(7)=2.5A` and
 * `VDD_CORE_V volt(15)=0.87V`. What USB draws is not among them. Null for something else.
 */
export function pmicPower(text: string): number | null {
  const volts = new Map<string, number>();
  const amperes = new Map<string, number>();
  for (const [, rail = '', kind, value] of text.matchAll(/^\s*(\w+)_[AV] (current|volt)\(\d+\)=([\d.]+)[AV]$/gm))
    (kind === 'volt' ? volts : amperes).set(rail, Number(value));
  const watts = [...amperes].flatMap(([rail, ampere]) => (volts.has(rail) ? ampere * (volts.get(rail) as number) : []));
  return watts.length === 0 ? null : Math.round(100 * watts.reduce((sum, one) => sum + one, 0)) / 100;
}

/** Name of the board, from the device tree. */
export async function readBoardModel(root: string): Promise<string | null> {
  const model = await text(join(root, 'proc/device-tree/model'));
  return model === null ? null : model.replaceAll('\0', '');
}

/** Whether systemd-timesyncd says that the clock is synchronised. Null: it does not run here. */
export function timesyncSynchronised(root: string): boolean | null {
  if (!existsSync(join(root, 'run/systemd/timesync'))) return null;
  return existsSync(join(root, 'run/systemd/timesync/synchronized'));
}

async function list(folder: string, pattern: RegExp): Promise<string[]> {
  try {
    return (await readdir(folder))
      .filter((name) => pattern.test(name))
      .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

async function text(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    return null;
  }
}

async function number(path: string): Promise<number | null> {
  const value = await text(path);
  return value !== null && /^-?\d+$/.test(value) ? Number(value) : null;
}
