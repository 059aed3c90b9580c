/** The boxes of the fleet bench, in a process of their own: `node fleet-boxes.ts broker-url boxes starts-a-second`. */
import { setTimeout as delay } from 'node:timers/promises';
import { monoMs } from '../../src/clock.ts';
import { configSchema } from '../../src/config/schema.ts';
import { Box } from '../../src/control/box.ts';
import { CommandDesk } from '../../src/control/commands.ts';
import { openJournal } from '../../src/control/journal.ts';
import { MqttLink } from '../../src/control/mqtt/link.ts';
import { telemetry } from '../../src/control/mqtt/state.ts';
import { SettingsKeeper } from '../../src/control/settings/keeper.ts';
import { TelemetryStore } from '../../src/control/telemetry-store.ts';
import { FailingDisk } from '../../src/lab/failing-disk.ts';
import { makeLogger } from '../../src/log.ts';
import { notice } from '../../src/model/event.ts';
import { topicTable } from '../../src/model/mqtt-topics.ts';
import type { Status } from '../../src/model/status.ts';

const [, , url = '', count = '0', startsPerSecond = '1'] = process.argv;
const log = makeLogger('fleet', 'silent');
const example = <T>(topic: string, key: string): T => (topicTable.find((row) => row.topic === topic) as { example: Record<string, T> }).example[key] as T;

function start(index: number): void {
  const name = `box${index}`;
  const config = configSchema.parse({ version: 1, box: { name }, control: { mqtt: { url } } });
  const disk = new FailingDisk(index);
  const journal = openJournal('/journal', () => undefined, disk);
  const box = new Box({ config, version: '0.1.0', session: name, bootId: 'fleet', journal, slot: null, log });
  const settings = new SettingsKeeper(config, {
    box,
    applyHere: async () => undefined,
    reloadMedia: async () => ({ ok: true, reason: 'requested', text: '' }),
  });
  const desk = new CommandDesk(async () => ({ ok: true, reason: 'requested', text: 'done' }));
  // What it writes is of no use here, and would fill the memory.
  const store = new TelemetryStore('/nowhere', { ...disk, open: () => Promise.reject(new Error('no disk')) } as unknown as FailingDisk);
  const link = new MqttLink({ config, box, desk, settings, telemetry: store });
  box.setLink('media', 'connected', 'connected', '');
  const status: Status = {
    box: name,
    version: '0.1.0',
    session: name,
    bootId: 'fleet',
    pid: 1,
    monoMs: monoMs(),
    uptimeMs: 0,
    rssBytes: 0,
    program: structuredClone(example('state/program', 'program')),
    inputs: structuredClone(example('state/inputs', 'inputs')),
    paths: structuredClone(example('state/paths', 'paths')),
    destinations: structuredClone(example('state/destinations', 'destinations')),
  };
  box.setVitals(structuredClone(example('state/vitals', 'vitals')));
  process.send?.({ box: name, atMs: monoMs() });
  link.start();
  setInterval(() => {
    status.monoMs = monoMs();
    for (const path of status.paths) {
      path.sentKbps = 3000 + 200 * Math.random();
      path.sentPackets += 300;
    }
    box.takeStatus(status);
    link.sendTelemetry(telemetry(box.snapshot(), box.history.latest(), box.wall()));
    // A busy box has an event each half minute.
    if (Math.random() < 1 / 30)
      box.report(notice({ severity: 'info', subject: { kind: 'path', id: 'eth' }, what: 'path.state', reason: 'recovered', text: 'eth works again' }));
  }, 1000);
}

for (let index = 0; index < Number(count); index++) {
  start(index);
  await delay(1000 / Number(startsPerSecond));
}
