import { expect, test } from 'vitest';
import { type ConfigInput, configSchema } from '../config/schema.ts';
import { planReload } from './reload.ts';

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
  expect(plan({ program: { videoKbps: 2500 } })).toEqual({ kind: 'live', inputs: [], videoKbps: 2500 });
  expect(plan({ inputs: [{ id: 'cam1', kind: 'rtsp', url: 'rtsp://camera/2' }, ...(base.inputs?.slice(1) ?? [])] })).toMatchObject({
    kind: 'live',
    inputs: [{ id: 'cam1', url: 'rtsp://camera/2' }],
    videoKbps: null,
  });
});

test('what control alone uses is nothing to media', () => {
  expect(plan({ control: { mqtt: { url: 'mqtt://elsewhere' } } })).toEqual({ kind: 'live', inputs: [], videoKbps: null });
});

test('what the daemon is built from needs one, and says what', () => {
  expect(plan({ program: { fps: 25 } })).toEqual({ kind: 'restart', because: 'program' });
  expect(plan({ destinations: [{ id: 'cloud', host: 'other', port: 5000 }] })).toEqual({ kind: 'restart', because: 'destinations' });
  expect(plan({ inputs: [] })).toEqual({ kind: 'restart', because: 'inputs' });
});
