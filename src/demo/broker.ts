/**
 * A broker for the demo, on the loopback interface only. Mosquitto where it is installed: it speaks MQTT 5, as a box expects.
 * Otherwise the embedded aedes, which speaks MQTT 3.1.1: the box then falls back, and commands carry their response topic
 * in the payload.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freeTcpPort } from './free-port.ts';

export interface DemoBroker {
  port: number;
  kind: 'mosquitto' | 'aedes';
  stop(): Promise<void>;
}

const startMsMax = 3000;
/** Debian keeps it outside the path of ordinary users. */
const mosquittoPath = `${process.env.PATH ?? ''}:/usr/sbin:/usr/local/sbin`;

/** @param kind only this one; default: the better one that is here. @throws when neither can be started. */
export async function startBroker(kind?: DemoBroker['kind']): Promise<DemoBroker> {
  if (kind !== 'aedes') {
    const broker = await startMosquitto();
    if (broker !== null) return broker;
    if (kind === 'mosquitto') throw new Error('mosquitto is not installed');
  }
  return startAedes();
}

/** Null where it is not installed or does not start. */
async function startMosquitto(): Promise<DemoBroker | null> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-broker-'));
  const port = await freeTcpPort();
  writeFileSync(join(directory, 'mosquitto.conf'), `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`);
  const child = spawn('mosquitto', ['-c', join(directory, 'mosquitto.conf')], { stdio: 'ignore', env: { ...process.env, PATH: mosquittoPath } });
  const gone = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  const stop = async (): Promise<void> => {
    if (running(child)) child.kill('SIGTERM');
    await Promise.race([gone, delay(2000, undefined, { ref: false })]);
    if (running(child)) child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  };
  const started = await Promise.race([gone.then(() => false), answers(port)]);
  if (started) return { port, kind: 'mosquitto', stop };
  await stop();
  return null;
}

const running = (child: ChildProcess): boolean => child.pid !== undefined && child.exitCode === null && child.signalCode === null;

async function startAedes(): Promise<DemoBroker> {
  const { Aedes } = await import('aedes');
  const aedes = await Aedes.createBroker();
  const server = createServer(aedes.handle);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    kind: 'aedes',
    stop: () =>
      new Promise((resolve) => {
        aedes.close(() => server.close(() => resolve()));
      }),
  };
}

async function answers(port: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < startMsMax; waitedMs += 50) {
    const there = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (there) return true;
    await delay(50);
  }
  return false;
}
