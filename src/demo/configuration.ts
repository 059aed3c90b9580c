/** The configurations that the demo writes: a box with two test cameras and two emulated networks, and its gateway. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ConfigInput } from '../config/schema.ts';

export interface DemoWorld {
  directory: string;
  latencyMs: number;
  gatewayPort: number;
  /** The emulated networks: path id → local UDP port of the emulator. */
  pathPorts: Record<string, number>;
  viewerPort: number;
  brokerPort: number;
  pagePort: number;
  /** What may go on air, in order of preference. */
  inputs: NonNullable<ConfigInput['inputs']>;
  program: NonNullable<ConfigInput['program']>;
  switching: NonNullable<ConfigInput['switching']>;
  /** Directory that the gateway records the program in; null: none. */
  recordIn: string | null;
}

export const testCameras: DemoWorld['inputs'] = [
  { id: 'cam', kind: 'test', pattern: 'smpte', text: 'Tandem demo' },
  { id: 'spare', kind: 'test', pattern: 'ball', toneHz: 330, text: 'Tandem demo: the second camera' },
];
export const demoProgram: DemoWorld['program'] = { width: 1280, height: 720, fps: 30, videoKbps: 3500 };

export interface DemoFiles {
  box: string;
  gateway: string;
  socket: string;
  passwordFile: string;
  pageUrlFile: string;
  password: string;
}

/** Writes both configurations and their secrets (mode 0600) below `world.directory`. */
export function writeConfigurations(world: DemoWorld): DemoFiles {
  const inside = (name: string) => join(world.directory, name);
  const passphraseFile = inside('passphrase');
  const passwordFile = inside('page-password');
  const stateDirectory = inside('state');
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  const password = randomBytes(9).toString('base64url');
  writeFileSync(passphraseFile, `${randomBytes(18).toString('base64url')}\n`, { mode: 0o600 });
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });

  const box: ConfigInput = {
    version: 1,
    box: { name: 'demo' },
    inputs: world.inputs,
    program: world.program,
    switching: world.switching,
    paths: Object.entries(world.pathPorts).map(([id, port], index) => ({ id, via: { host: '127.0.0.1', port }, priority: 10 * (index + 1) })),
    destinations: [{ id: 'gateway', mode: 'bonded', host: '127.0.0.1', port: world.gatewayPort, latencyMs: world.latencyMs, passphraseFile }],
    media: { socket: inside('media.sock'), stateDirectory: inside('media-state') },
    control: { stateDirectory, web: { host: '127.0.0.1', port: world.pagePort }, mqtt: { url: `mqtt://127.0.0.1:${world.brokerPort}` } },
  };
  const recording = world.recordIn === null ? [] : [{ kind: 'file' as const, directory: world.recordIn }];
  const gateway: ConfigInput = {
    version: 1,
    gateway: {
      host: '127.0.0.1',
      srtlaPort: world.gatewayPort,
      passphraseFile,
      streams: [{ id: 'program', outputs: [{ kind: 'udp', host: '127.0.0.1', port: world.viewerPort }, ...recording] }],
    },
  };
  const files = { box: inside('box.yaml'), gateway: inside('gateway.yaml') };
  writeFileSync(files.box, stringify(box), { mode: 0o600 });
  writeFileSync(files.gateway, stringify(gateway), { mode: 0o600 });
  return { ...files, socket: inside('media.sock'), passwordFile, pageUrlFile: join(stateDirectory, 'page.url'), password };
}
