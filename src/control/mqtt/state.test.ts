import { expect, test } from 'vitest';
import type { BoxSnapshot } from '../../model/box.ts';
import { type StatePart, stateParts } from '../../model/mqtt.ts';
import { topicTable } from '../../model/mqtt-topics.ts';
import { telemetrySchema } from '../../model/telemetry.ts';
import { dueStates, newsEveryMs, type PublishedState, quietEveryMs, telemetry } from './state.ts';

const link = { state: 'connected', reason: 'connected', text: '', sinceMonoMs: 0 } as const;
const example = <T>(topic: string, key: string): T => (topicTable.find((row) => row.topic === topic) as { example: Record<string, T> }).example[key] as T;
const box = (): BoxSnapshot => ({
  box: 'box7',
  version: '0.1.0',
  session: 's',
  bootId: 'b',
  monoMs: 5000,
  wallMs: 0,
  onAir: true,
  media: link,
  mqtt: link,
  gpio: link,
  status: {
    box: 'box7',
    version: '0.1.0',
    session: 'm',
    bootId: 'b',
    pid: 1,
    monoMs: 5000,
    uptimeMs: 5000,
    rssBytes: 1,
    program: structuredClone(example('state/program', 'program')),
    inputs: structuredClone(example('state/inputs', 'inputs')),
    paths: structuredClone(example('state/paths', 'paths')),
    destinations: structuredClone(example('state/destinations', 'destinations')),
  },
  vitals: structuredClone(example('state/vitals', 'vitals')),
  modems: [],
  update: structuredClone(example('state/update', 'update')),
  alarms: [],
  rssBytes: 1,
});
const publishedAll = (snapshot: BoxSnapshot, atMs: number) =>
  new Map<StatePart, PublishedState>(dueStates(snapshot, new Map(), atMs).map(({ part, key }) => [part, { key, atMs }]));

test('after a connect everything is due', () => {
  expect(dueStates(box(), new Map(), 0).map(({ part }) => part)).toEqual(stateParts);
});

test('figures that wander are no news; they come every ten seconds', () => {
  const published = publishedAll(box(), 0);
  const later = box();
  if (later.status) later.status.program.kbps += 100;
  if (later.status?.paths[0]) later.status.paths[0].rttMs = 99;
  expect(dueStates(later, published, quietEveryMs - 1)).toEqual([]);
  expect(dueStates(later, published, quietEveryMs)).toHaveLength(stateParts.length);
});

test('a lost path is news, for its part alone, and a storm of news is thinned', () => {
  const published = publishedAll(box(), 0);
  const later = box();
  if (later.status?.paths[0]) later.status.paths[0].state = 'down';
  expect(dueStates(later, published, newsEveryMs - 1)).toEqual([]);
  expect(dueStates(later, published, newsEveryMs).map(({ part }) => part)).toEqual(['paths']);
});

test('a media daemon that is gone is news for all that came from it', () => {
  const published = publishedAll(box(), 0);
  const later = { ...box(), media: { ...link, state: 'waiting' as const } };
  expect(dueStates(later, published, 1000).map(({ part }) => part)).toEqual(['program', 'inputs', 'paths', 'destinations']);
});

test('telemetry is small, in its schema, and claims nothing while media is away', () => {
  const live = telemetry(box(), { monoMs: 5000, kbps: 1, paths: { eth: { kbps: 1, rttMs: 1, lossPct: 0.123 } } }, 1);
  expect(telemetrySchema.parse(live)).toMatchObject({ air: true, paths: { eth: { up: true, loss: 0.1 } } });
  expect(JSON.stringify(live).length).toBeLessThan(300);
  const away = telemetry({ ...box(), onAir: false, media: { ...link, state: 'waiting' } }, null, null);
  expect(away).toMatchObject({ air: false, in: null, kbps: null, paths: {} });
});
