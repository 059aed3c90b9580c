/** The whole chain, on air, while the disk of the box is full, read-only or slow: what the viewer sees, what is told, and when it is over. */
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import mqtt from 'mqtt';
import { monoMs } from '../../src/clock.ts';
import { DemoRun, type DemoRunOptions } from '../../src/demo/run.ts';
import type { JournaledEvent } from '../../src/model/box.ts';
import { BadDisk, type Trouble } from './bad-disk.ts';

export interface DiskFigures {
  pictures: number;
  picturesLost: number;
  continuityErrors: number;
  longestGapMs: number;
  /** Of the event that said so; null: nothing was said. */
  reason: string | null;
  toldMs: number | null;
  /** From the mending to the event that it is well. */
  recoveredMs: number | null;
  /** Events of media while the disk was bad, and those that did not come to the broker. */
  events: number;
  eventsLost: number;
  /** Processes of the box and the gateway that ended, in words: none. */
  ended: string[];
}

const toldMsMax = 20_000;
const settleMs = 3000;

/** @param seconds for which it is bad. @throws where no such disk can be made. */
export async function onBadDisk(trouble: Trouble, seconds: number, world: DemoRunOptions['world'] = {}): Promise<DiskFigures> {
  const disk = new BadDisk();
  let said = '';
  const run = new DemoRun({
    directory: disk.path,
    seed: 1,
    latencyMs: 1000,
    faults: [],
    logFile: openSync(join(disk.beside, 'log'), 'a'),
    env: disk.env,
    world,
    say: (text) => {
      said += `${text}\n`;
    },
  });
  try {
    await run.start();
    const client = await mqtt.connectAsync(/mqtt {4}(mqtt:\S+)/.exec(said)?.[1] as string, { protocolVersion: 5 });
    const heard: JournaledEvent[] = [];
    client.on('message', (_topic, payload) => heard.push(JSON.parse(payload.toString('utf8')) as JournaledEvent));
    await client.subscribeAsync('tandem/v1/demo/event', { qos: 1 });
    await delay(settleMs);
    void run.measure(null);
    await run.seen();
    const [before, sinceMs] = [run.events.length, monoMs()];
    disk.begin(trouble);
    // Each asks for a key frame, which is an event.
    const busy = setInterval(() => void run.command({ name: 'key-frame' }), 500);
    const told = await first(() => heard.find(({ what, severity }) => what === 'journal.disk' && severity === 'warning'));
    const toldMs = told === undefined ? null : monoMs() - sinceMs;
    await delay(seconds * 1000);
    clearInterval(busy);
    disk.mend();
    const mendedMs = monoMs();
    await run.command({ name: 'key-frame' });
    const over = await first(() => heard.find(({ what, severity, id }) => what === 'journal.disk' && severity === 'clear' && id > (told?.id ?? 0)));
    const recoveredMs = over === undefined ? null : monoMs() - mendedMs;
    await delay(settleMs);
    const { pictures, picturesLost, continuityErrors, longestGapMs } = await run.seen();
    const made = run.events.slice(before);
    const lost = () => {
      const arrived = new Set(heard.map(({ session, seq }) => `${session} ${seq}`));
      return made.filter(({ session, seq }) => !arrived.has(`${session} ${seq}`)).length;
    };
    // The last ones may still be on their way on a busy machine.
    await first(() => (lost() === 0 ? true : undefined));
    const eventsLost = lost();
    await client.endAsync(true);
    const ended = said.split('\n').filter((line) => / ended /.test(line));
    return {
      ...{ pictures, picturesLost, continuityErrors, longestGapMs: Math.round(longestGapMs), reason: told?.reason ?? null },
      ...{ toldMs, recoveredMs, events: made.length, eventsLost, ended },
    };
  } finally {
    await run.stop();
    disk.remove();
  }
}

async function first<T>(find: () => T | undefined): Promise<T | undefined> {
  const endMs = monoMs() + toldMsMax;
  while (find() === undefined && monoMs() < endMs) await delay(20);
  return find();
}

export async function disk(seconds = 20): Promise<void> {
  for (const trouble of ['full', 'read-only', 'slow'] as const) {
    const figures = await onBadDisk(trouble, seconds);
    const after = (ms: number | null): string => (ms === null ? 'NEVER' : `after ${(ms / 1000).toFixed(1)} s`);
    console.log(
      `disk ${trouble} for ${seconds} s: viewer ${figures.pictures} pictures, ${figures.picturesLost} lost, ${figures.continuityErrors} continuity errors, longest gap ${figures.longestGapMs} ms; ` +
        `told ${after(figures.toldMs)} (${figures.reason}), well again ${after(figures.recoveredMs)} from its mending; ${figures.events} events of media meanwhile, ${figures.eventsLost} lost; ` +
        `${figures.ended.join(', ') || 'no process ended'}`,
    );
  }
}
