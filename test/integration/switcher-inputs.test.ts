/** What does not fit the program, through the real workers and the real daemon: it is encoded, or gets what it lacks, and an event says why. */
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.ts';
import { Place, until } from './processes.ts';
import { aac, encode, picture, size, tone, x264 } from './switcher-world.ts';

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.end());

function box(patch: Partial<ConfigInput>) {
  const media = place.tandem(
    'media',
    '--config',
    place.config('box.yaml', { version: 1, program: { ...size, videoKbps: 400 }, media: { socket: place.path('media.sock') }, ...patch }),
  );
  return { media, ...place.watch(place.path('media.sock')) };
}

function file(name: string, bytes: Buffer): string {
  writeFileSync(place.path(name), bytes);
  return place.path(name);
}

it('a stream that is passed through and does not fit is encoded after all, and goes on air', async () => {
  const path = file('other.ts', encode(...picture('testsrc2=size=640x360:rate=25'), ...tone(), '-t', '12', ...x264('keyint=25'), ...aac));
  const { status, events } = box({ inputs: [{ id: 'cam', kind: 'file', path, passThrough: true }] });
  await until('the input on air', () => status()?.inputs[0]?.onAir && status()?.inputs[0]?.encoder);
  const told = events.filter(({ what, reason }) => what === 'input.state' && reason === 'format-differs');
  expect(told).toHaveLength(1);
  expect(told[0]?.text).toBe('cam is not passed through but encoded: its picture is 640 × 360, the program is 320 × 192');
});

it('a source with sound only goes on air with the slate’s picture', async () => {
  const path = file('radio.ts', encode(...tone(330), '-t', '30', ...aac));
  const { status, events } = box({ inputs: [{ id: 'radio', kind: 'file', path }] });
  await until('the slate’s picture to its sound', () => events.find(({ what, to }) => what === 'input.picture' && to === 'slate'));
  await until('the input on air', () => status()?.program.input === 'radio');
  expect(events.filter(({ reason, what }) => reason === 'no-picture' && what === 'input.state')).toHaveLength(1);
});

it('a slate’s picture that would take all memory is refused once, and the made one stands in; its clip follows', async () => {
  const head = Buffer.from([
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0x4e, 0x20, 0, 0, 0x4e, 0x20, 8, 2, 0, 0, 0,
  ]);
  const clip = file('clip.ts', encode(...picture(), ...tone(700), '-t', '3', ...x264('keyint=75:bframes=0'), ...aac));
  const { status, events } = box({ inputs: [], slate: { path: file('huge.png', head), clip } });
  await until('the slate on air', () => (status()?.program.packets ?? 0) > 300);
  await until('more of it, the clip', () => (status()?.program.kbps ?? 0) > 200);
  const told = events.filter(({ what }) => what === 'slate.state');
  expect(told).toHaveLength(1);
  expect(told[0]).toMatchObject({ reason: 'format-unsupported', text: expect.stringMatching(/too large: 20000 × 20000 points.*a made one is used instead/) });
});
