/** Settings changed over MQTT on the whole chain, on air: what the viewer sees of each, and how a change that cuts the box off ends. */
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import mqtt from 'mqtt';
import { monoMs } from '../../src/clock.ts';
import { testCameras } from '../../src/demo/configuration.ts';
import { DemoRun } from '../../src/demo/run.ts';
import type { Desired, Reported } from '../../src/model/settings.ts';

const confirmSeconds = 10;
const root = 'tandem/v1/demo/';

export async function settings(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
  let said = '';
  const run = new DemoRun({
    directory,
    seed: 1,
    latencyMs: 1000,
    faults: [],
    logFile: openSync(join(directory, 'log'), 'a'),
    say: (text) => {
      said += `${text}\n`;
    },
  });
  try {
    await run.start();
    const client = await mqtt.connectAsync(/mqtt {4}(mqtt:\S+)/.exec(said)?.[1] as string, { protocolVersion: 5 });
    const heard: Reported[] = [];
    client.on('message', (_topic, payload) => heard.push(JSON.parse(payload.toString('utf8')) as Reported));
    await client.subscribeAsync(`${root}config/reported`, { qos: 1 });
    await delay(5000);
    void run.measure(null);
    const { doc } = heard.at(-1) as Reported;
    const [destination] = doc.destinations as Record<string, unknown>[];
    const paths = doc.paths as Record<string, unknown>[];
    const passphraseFile = join(directory, 'another-passphrase');
    writeFileSync(passphraseFile, 'not that of the gateway\n', { mode: 0o600 });
    const changes: [string, Record<string, unknown>][] = [
      ['bitrate', { program: { videoKbps: 2500 } }],
      ['text of the camera on air', { inputs: [{ ...testCameras[0], text: 'another' }, testCameras[1]] }],
      ['threshold of the vitals', { control: { vitals: { cpuMaxPct: 90 } } }],
      ['latency of the destination', { destinations: [{ ...destination, latencyMs: 1200 }] }],
      ['cap of one path', { paths: paths.map((path, index) => (index === 0 ? path : { ...path, maxKbps: 4000 })) }],
      ['one path less', { paths: paths.slice(0, 1) }],
      ['one path more', { paths }],
      ['stream id', { destinations: [{ ...destination, streamId: 'another', latencyMs: 1200 }] }],
      ['a passphrase that the gateway does not have', { destinations: [{ ...destination, passphraseFile, streamId: 'another', latencyMs: 1200 }] }],
      // The demo's networks have their own remote addresses.
      ['a gateway that is not there', { paths: paths.map((path) => ({ ...path, via: { host: '127.0.0.1', port: 9 } })) }],
      ['a broker that is not there', { control: { mqtt: { url: 'mqtt://127.0.0.1:9' } } }],
    ];
    for (const [index, [name, patch]] of changes.entries()) {
      await run.seen();
      const [rev, sinceMs] = [index + 1, monoMs()];
      await client.publishAsync(`${root}config/desired`, JSON.stringify({ rev, patch, confirmSeconds } satisfies Desired), { qos: 1, retain: true });
      const over = () => heard.find((one) => one.rev === rev && one.state !== 'pending');
      while (over() === undefined && monoMs() - sinceMs < 60_000) await delay(50);
      const tookS = (monoMs() - sinceMs) / 1000;
      // What is taken back is put in force afterwards; a worker that restarts, and a connection that is left, take seconds as well.
      await delay(6000);
      const { pictures, picturesLost, continuityErrors, longestGapMs } = await run.seen();
      console.log(
        `${name}: ${over()?.state ?? 'NOTHING'} after ${tookS.toFixed(1)} s; viewer: ${pictures} pictures, ${picturesLost} lost, ${continuityErrors} continuity errors, longest gap ${Math.round(longestGapMs)} ms`,
      );
      console.log(`    ${over()?.text}`);
    }
    await client.endAsync(true);
  } finally {
    await run.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}
