/** Finds the number that sysfs gives to a GPIO line: since Linux 6.6 the first chip does not start at 0 any more. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface GpioChip {
  label: string;
  base: number;
  lines: number;
}

/** Labels of the chips whose lines are on the 40-pin header: Raspberry Pi 4 and older, 5, Jetson Orin. */
const headerChips = ['pinctrl-bcm2711', 'pinctrl-bcm2835', 'pinctrl-rp1', 'tegra234-gpio'];

/** The chips that sysfs offers below `root`; none without sysfs GPIO. */
export function readChips(root: string): GpioChip[] {
  const folder = join(root, 'sys/class/gpio');
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => /^gpiochip\d+$/.test(name));
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const read = (file: string): string => readFileSync(join(folder, name, file), 'utf8').trim();
    try {
      return [{ label: read('label'), base: Number(read('base')), lines: Number(read('ngpio')) }];
    } catch {
      return [];
    }
  });
}

/**
 * @param line `17`: of the header's chip. `pinctrl-rp1/17`: of this chip.
 * Returns the sysfs number, or a sentence saying why there is none.
 */
export function resolveLine(line: string, chips: readonly GpioChip[]): number | string {
  const slash = line.lastIndexOf('/');
  const offset = Number(line.slice(slash + 1));
  const label = slash === -1 ? null : line.slice(0, slash);
  if (chips.length === 0) return 'the kernel offers no GPIO here (/sys/class/gpio)';
  const known = chips.map((one) => one.label).join(', ');
  const chip =
    label === null
      ? (headerChips.flatMap((name) => chips.find((one) => one.label === name) ?? [])[0] ?? soleChip(chips))
      : chips.find((one) => one.label === label);
  if (chip === undefined)
    return label === null
      ? `no chip of a known header: name it, as in chip/${offset}; there are: ${known}`
      : `there is no GPIO chip ${label}; there are: ${known}`;
  if (offset >= chip.lines) return `the chip ${chip.label} has only ${chip.lines} lines`;
  return chip.base + offset;
}

function soleChip(chips: readonly GpioChip[]): GpioChip | undefined {
  return chips.length === 1 ? chips[0] : undefined;
}
