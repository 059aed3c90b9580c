/** Which network interface is meant by a property that outlives its name: a modem that comes back may be wwan1 instead of wwan0. */
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { PathConfig } from '../../config/schema.ts';

export type Match = NonNullable<PathConfig['match']>;

/** What `/sys/class/net` says of an interface. */
export interface InterfaceFacts {
  name: string;
  mac: string | null;
  driver: string | null;
  /** The USB socket, such as `1-1.2`: bus, and ports from the root on. Null for what is not USB. */
  usbPath: string | null;
  /** Serial number of the USB device; many modems have their IMEI there. */
  serial: string | null;
}

/** The interface that has all that is asked for; of several the first by name, so that the answer is stable. Null: none. */
export function findMatch(match: Match, interfaces: readonly InterfaceFacts[]): string | null {
  const fits = (one: InterfaceFacts) =>
    (match.mac === undefined || one.mac?.toLowerCase() === match.mac.toLowerCase()) &&
    (match.driver === undefined || one.driver === match.driver) &&
    (match.usbPath === undefined || one.usbPath === match.usbPath) &&
    (match.serial === undefined || one.serial === match.serial);
  return (
    interfaces
      .filter(fits)
      .map(({ name }) => name)
      .sort()[0] ?? null
  );
}

/** Reads `folder` anew. What vanishes meanwhile is left out; never throws. */
export function readInterfaces(folder = '/sys/class/net'): InterfaceFacts[] {
  try {
    return readdirSync(folder).map((name) => ({ name, mac: line(join(folder, name, 'address')), ...deviceFacts(join(folder, name, 'device')) }));
  } catch {
    return [];
  }
}

function deviceFacts(link: string): Omit<InterfaceFacts, 'name' | 'mac'> {
  try {
    const device = realpathSync(link);
    const driver = driverOf(device);
    // A USB interface is called 1-1.2:1.4, the device that it is part of 1-1.2.
    for (let at = device; at.length > 1; at = dirname(at)) {
      const usb = /^(\d+-\d+(?:\.\d+)*)(?::\d+\.\d+)?$/.exec(basename(at));
      if (usb === null) continue;
      const whole = basename(at).includes(':') ? dirname(at) : at;
      return { driver, usbPath: usb[1] ?? null, serial: line(join(whole, 'serial')) };
    }
    return { driver, usbPath: null, serial: null };
  } catch {
    return { driver: null, usbPath: null, serial: null };
  }
}

function driverOf(device: string): string | null {
  try {
    return basename(realpathSync(join(device, 'driver')));
  } catch {
    return null;
  }
}

function line(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim() || null;
  } catch {
    return null;
  }
}
