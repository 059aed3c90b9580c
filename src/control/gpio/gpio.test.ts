import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { BoxSnapshot } from '../../model/box.ts';
import { readChips, resolveLine } from './lines.ts';
import { orderOf } from './order.ts';
import { Press } from './press.ts';
import { tally } from './tally.ts';

test('the line of the header is found whatever number the kernel starts at', () => {
  const pi4 = [
    { label: 'pinctrl-bcm2711', base: 512, lines: 58 },
    { label: 'raspberrypi-exp-gpio', base: 570, lines: 8 },
  ];
  expect(resolveLine('17', pi4)).toBe(529);
  expect(resolveLine('17', [{ label: 'pinctrl-bcm2711', base: 0, lines: 58 }])).toBe(17);
  const pi5 = [
    { label: 'gpio-brcmstb@107d508500', base: 512, lines: 32 },
    { label: 'pinctrl-rp1', base: 571, lines: 54 },
  ];
  expect(resolveLine('17', pi5)).toBe(588);
  expect(resolveLine('raspberrypi-exp-gpio/2', pi4)).toBe(572);
  expect(resolveLine('3', [{ label: 'gpio-mockup-A', base: 496, lines: 8 }])).toBe(499);
});

test('a line that is not there is told, with what there is', () => {
  const chips = [{ label: 'pinctrl-rp1', base: 571, lines: 54 }];
  expect(resolveLine('99', chips)).toContain('only 54 lines');
  expect(resolveLine('other/1', chips)).toContain('pinctrl-rp1');
  expect(resolveLine('1', [])).toContain('no GPIO');
  expect(
    resolveLine(
      '1',
      [...chips, ...chips].map((chip, index) => ({ ...chip, label: `strange${index}` })),
    ),
  ).toContain('strange0, strange1');
});

test('chips are read from sysfs', () => {
  const root = mkdtempSync(join(tmpdir(), 'tandem-gpio-'));
  try {
    expect(readChips(root)).toEqual([]);
    const folder = join(root, 'sys/class/gpio/gpiochip571');
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries({ label: 'pinctrl-rp1\n', base: '571\n', ngpio: '54\n' })) writeFileSync(join(folder, name), text);
    mkdirSync(join(root, 'sys/class/gpio/gpiochip0'));
    expect(readChips(root)).toEqual([{ label: 'pinctrl-rp1', base: 571, lines: 54 }]);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('presses are short or long; bounces and half presses are none', () => {
  const press = new Press();
  const hold = (ms: number) => [press.edge(true, 0), press.edge(false, ms)][1];
  expect([hold(5), hold(200), hold(1999), hold(2000), press.edge(false, 1)]).toEqual([null, 'short', 'short', 'long', null]);
});

const snapshot = (change: (status: NonNullable<BoxSnapshot['status']>) => void = () => undefined, onAir = true): BoxSnapshot => {
  const status = {
    program: { input: 'cam1', pinned: null, destination: 'cloud' },
    inputs: [
      { id: 'cam1', state: 'running' },
      { id: 'cam2', state: 'running' },
    ],
    paths: [
      { id: 'eth', destination: 'cloud', state: 'up' },
      { id: 'lte', destination: 'cloud', state: 'up' },
      { id: 'eth', destination: 'second', state: 'down' },
    ],
  } as unknown as NonNullable<BoxSnapshot['status']>;
  change(status);
  return { onAir, status } as BoxSnapshot;
};

test('the lamps tell well from degraded from off', () => {
  expect(tally(snapshot())).toBe('onAir');
  expect(tally(snapshot(() => undefined, false))).toBe('offAir');
  expect(tally({ onAir: false, status: null } as BoxSnapshot)).toBe('offAir');
  expect(tally(snapshot((status) => Object.assign(status.program, { input: 'cam2' })))).toBe('degraded');
  expect(tally(snapshot((status) => Object.assign(status.program, { input: 'cam2', pinned: 'cam2' })))).toBe('onAir');
  expect(tally(snapshot((status) => Object.assign(status.paths[1] ?? {}, { state: 'silent' })))).toBe('degraded');
  expect(tally(snapshot((status) => Object.assign(status.inputs[0] ?? {}, { state: 'off' })))).toBe('degraded');
  // A frozen or black picture on air.
  expect(tally(snapshot((status) => Object.assign(status.inputs[0] ?? {}, { state: 'degraded' })))).toBe('degraded');
  expect(tally(snapshot((status) => Object.assign(status.inputs[1] ?? {}, { state: 'degraded' })))).toBe('onAir');
  expect(tally(snapshot((status) => Object.assign(status.program, { input: 'slate' })))).toBe('degraded');
});

test('a short press goes on or off air; a long one rehearses, and a second one ends it', () => {
  const { status } = snapshot();
  const stopped = snapshot((one) => Object.assign(one.program, { state: 'stopped' })).status;
  const rehearses = snapshot((one) => Object.assign(one, { rehearsal: { id: '1a' } })).status;
  expect([orderOf('short', status), orderOf('short', stopped), orderOf('short', null)]).toEqual(['stop', 'start', 'stop']);
  expect([orderOf('long', status), orderOf('long', rehearses), orderOf('long', null)]).toEqual(['rehearse', 'stop-rehearsal', 'rehearse']);
});
