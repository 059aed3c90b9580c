import { expect, test } from 'vitest';
import { type ConfigInput, configSchema } from '../config/schema.ts';
import { planReload } from './reload-plan.ts';

const base: ConfigInput = {
  version: 1,
  inputs: [
    { id: 'cam1', kind: 'rtsp', url: 'rtsp://camera/1' },
    { id: 'cam2', kind: 'test' },
  ],
  paths: [{ id: 'eth', interface: 'eth0' }],
  destinations: [{ id: 'cloud', host: 'gateway', port: 5000 }],
};
const plan = (changed: Partial<ConfigInput>) => planReload(configSchema.parse(base), configSchema.parse({ ...base, ...changed }));

test('the bitrate and the settings of one input need no restart of the daemon', () => {
  expect(plan({ program: { videoKbps: 2500 } })).toEqual({ kind: 'live', inputs: [], videoKbps: 2500, uplink: [] });
  expect(plan({ inputs: [{ id: 'cam1', kind: 'rtsp', url: 'rtsp://camera/2' }, ...(base.inputs?.slice(1) ?? [])] })).toMatchObject({
    kind: 'live',
    inputs: [{ id: 'cam1', url: 'rtsp://camera/2' }],
    videoKbps: null,
  });
});

test('what control alone uses is nothing to media', () => {
  expect(plan({ control: { mqtt: { url: 'mqtt://elsewhere' } } })).toEqual({ kind: 'live', inputs: [], videoKbps: null, uplink: [] });
});

const eth = { id: 'eth', interface: 'eth0' };
const cloud = { id: 'cloud', host: 'gateway', port: 5000 };

test.each<[string, Partial<ConfigInput>, string[]]>([
  ['latency', { destinations: [{ ...cloud, latencyMs: 1200 }] }, ['destination cloud']],
  ['address', { destinations: [{ ...cloud, host: 'other', port: 5001 }] }, ['destination cloud']],
  ['passphrase', { destinations: [{ ...cloud, passphrase: 'a secret of ours' }] }, ['destination cloud']],
  ['stream id', { destinations: [{ ...cloud, streamId: 'box7' }] }, ['destination cloud']],
  ['mode', { destinations: [{ ...cloud, mode: 'standby' }] }, ['destination cloud']],
  ['its paths', { destinations: [{ ...cloud, paths: ['eth'] }] }, ['destination cloud']],
  ['a path more', { paths: [eth, { id: 'lte', interface: 'wwan0' }] }, ['path lte']],
  ['a path switched off', { paths: [{ ...eth, enabled: false }] }, ['path eth']],
  ['priority', { paths: [{ ...eth, priority: 20 }] }, ['path eth']],
  ['cap', { paths: [{ ...eth, maxKbps: 2000 }] }, ['path eth']],
  ['allowance', { paths: [{ ...eth, allowanceMb: 5000 }] }, ['path eth']],
  ['its own remote address', { paths: [{ ...eth, via: { host: 'other', port: 5000 } }] }, ['path eth']],
  ['interface', { paths: [{ ...eth, interface: 'eth1' }] }, ['path eth']],
  ['MTU', { paths: [{ ...eth, mtuBytes: 1400 }] }, ['path eth']],
])('a destination or a path changes beside what runs: %s', (_, changed, uplink) => {
  expect(plan(changed)).toEqual({ kind: 'live', inputs: [], videoKbps: null, uplink });
});

test('a path that is gone changes like one that is new', () => {
  const two = configSchema.parse({ ...base, paths: [eth, { id: 'lte', interface: 'wwan0' }] });
  expect(planReload(two, configSchema.parse(base))).toMatchObject({ kind: 'live', uplink: ['path lte'] });
});

test('what the daemon is built from needs one, and says what', () => {
  expect(plan({ program: { fps: 25 } })).toEqual({ kind: 'restart', because: 'program' });
  expect(plan({ destinations: [{ ...cloud, id: 'other' }] })).toEqual({ kind: 'restart', because: 'destinations' });
  expect(plan({ destinations: [cloud, { ...cloud, id: 'second' }] })).toEqual({ kind: 'restart', because: 'destinations' });
  expect(plan({ destinations: [{ ...cloud, enabled: false }] })).toEqual({ kind: 'restart', because: 'destinations' });
  expect(plan({ failover: { spare: 'connected' } })).toEqual({ kind: 'restart', because: 'failover' });
  expect(plan({ inputs: [] })).toEqual({ kind: 'restart', because: 'inputs' });
});
