/** What stands around the virtual box: a gateway that takes its stream, a broker, and the configuration that leads there. */
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ConfigInput } from '../../config/schema.ts';
import { startBroker } from '../../demo/broker.ts';
import { freeUdpPort } from '../../demo/free-port.ts';
import { deskOverEthernet, deskOverModem } from './machine.ts';

export interface Desk {
  gatewayPort: number;
  brokerPort: number;
  stop(): Promise<void>;
}

/** @param checkout whose gateway is run. */
export async function setUpDesk(checkout: string, folder: string): Promise<Desk> {
  const gatewayPort = await freeUdpPort();
  const sinkPort = await freeUdpPort();
  const configuration: ConfigInput = {
    version: 1,
    gateway: { host: '127.0.0.1', srtlaPort: gatewayPort, streams: [{ id: 'box', outputs: [{ kind: 'udp', host: '127.0.0.1', port: sinkPort }] }] },
  };
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, stringify(configuration));
  const log = openSync(join(folder, 'gateway.log'), 'w');
  const gateway = spawn(process.execPath, [join(checkout, 'src/main.ts'), 'gateway', '--config', file], { stdio: ['ignore', log, log] });
  const broker = await startBroker();
  return { gatewayPort, brokerPort: broker.port, stop: () => Promise.all([broker.stop(), end(gateway)]).then(() => undefined) };
}

/** The box's configuration. Small pictures: an emulated processor encodes about 16 of 640 × 360 a second. */
export function boxConfiguration(desk: Pick<Desk, 'gatewayPort' | 'brokerPort'>): string {
  const configuration: ConfigInput = {
    version: 1,
    box: { name: 'virtual' },
    inputs: [{ id: 'cam1', kind: 'v4l2', device: '/dev/video0', format: 'raw', timeoutMs: 20_000 }],
    program: { width: 320, height: 180, fps: 10, videoKbps: 300, audioKbps: 32 },
    paths: [
      { id: 'eth', interface: 'eth0' },
      { id: 'lte', interface: 'usb0', via: { host: deskOverModem, port: desk.gatewayPort } },
    ],
    destinations: [{ id: 'desk', host: deskOverEthernet, port: desk.gatewayPort, latencyMs: 2000 }],
    control: {
      mqtt: { url: `mqtt://${deskOverEthernet}:${desk.brokerPort}` },
      gpio: { tallyOnAir: '0', tallyDegraded: '1', tallyOffAir: '2', button: '4', buttonActiveLow: false },
    },
  };
  return stringify(configuration);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), 5000);
  await gone;
  clearTimeout(hard);
}
