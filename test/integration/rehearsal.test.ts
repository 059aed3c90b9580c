/**
 * Rehearsals through the whole chain: real workers, two emulated networks, gateway, control, and a viewer whose figures the report has to agree with.
 * In one run, since a start costs seconds: all faults, one that viewers see by design, and every way in which a rehearsal is over before its time.
 */
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { monoMs } from '../../src/clock.ts';
import { DemoRun } from '../../src/demo/run.ts';
import { MediaClient } from '../../src/media-client/client.ts';
import type { TandemEvent } from '../../src/model/event.ts';
import type { RehearsalReport } from '../../src/model/rehearsal.ts';
import { Place, type Running, until } from './processes.ts';

const latencyMs = 1000;
const stepMsMax = 180_000;
/** A machine with two cores beside other tests is no fault of an input. */
const stallMs = 1500;
/** A picture that stood still for 300 ms is one that viewers notice, whoever held it up. */
const heldUpMsMax = 250;
const watch = () => ({ stallMs, cadencePercent: 0 });

let directory: string;
let run: DemoRun;
let place: Place;
let said = '';

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-rehearsal-'));
  place = new Place();
  run = new DemoRun({
    directory,
    seed: 7,
    latencyMs,
    faults: [],
    logFile: openSync(join(directory, 'log'), 'a'),
    say: (line) => {
      said += `${line}\n`;
    },
    world: {
      program: { width: 640, height: 360, fps: 30, videoKbps: 1500 },
      inputs: [
        { id: 'cam', kind: 'test', pattern: 'smpte', watch: watch() },
        { id: 'spare', kind: 'test', pattern: 'ball', watch: watch() },
      ],
    },
  });
  await run.start();
  await run.measure(1000);
});
afterAll(async () => {
  await run?.stop();
  await place?.end();
  rmSync(directory, { recursive: true, force: true });
});

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const rehearse = (...words: string[]): Running => place.tandem('rehearse', '--config', join(directory, 'box.yaml'), ...words);
/** The report that the command line printed. */
const printed = (running: Running): RehearsalReport => JSON.parse(running.said()) as RehearsalReport;
const eventsOf = (what: string, sinceMs: number): TandemEvent[] => run.events.filter((event) => event.what === what && event.monoMs > sinceMs);
const brokenSince = (sinceMs: number) => until('something is broken', () => eventsOf('rehearsal.fault', sinceMs).some(({ to }) => to === 'broken'));

/** All paths are up, all inputs run, and the preferred one is on air. */
async function allWell(): Promise<void> {
  // What was seen before whatever went before says nothing.
  const sinceMs = monoMs() + 300;
  await until(
    'all is as before',
    () => {
      const { status } = run;
      return (
        status !== null &&
        status.monoMs > sinceMs &&
        status.program.input === 'cam' &&
        status.paths.every(({ state }) => state === 'up') &&
        status.inputs.every(({ state }) => state === 'running')
      );
    },
    90_000,
  );
}

describe('a rehearsal', () => {
  it('of all: no viewer notices, and the report says what the viewer saw', { timeout: 240_000 }, async (context) => {
    await allWell();
    const sinceMs = monoMs();
    await run.seen();
    await run.heldUpMs();
    const all = rehearse('all', '--json');
    const code = await all.ended;
    await wait(latencyMs + 1500);
    const seen = await run.seen();
    const report = printed(all);
    // It ends itself when a camera or a path stops by itself, which one does on a machine without time for it.
    if (report.reason !== 'requested' && report.verdict !== 'failed') context.skip(`needs hardware: a machine with time for two encoders: ${report.text}`);
    console.log(report.text);
    const heldUpMs = await run.heldUpMs();
    if (report.verdict === 'noticed' && heldUpMs > heldUpMsMax)
      context.skip(`needs hardware: a machine that lets nobody wait for ${heldUpMs} ms: ${report.steps.map(({ text }) => text).join('; ')}`);
    console.log(report.steps.map(({ verdict, text }) => `${verdict}: ${text}`).join('\n'));
    expect(report.steps.map(({ fault: { kind } }) => kind)).toEqual([
      ...['pull-path', 'pull-path', 'silence-path', 'silence-path', 'limit-path'],
      ...['kill-encoder', 'lose-input', 'freeze-management'],
    ]);
    const sum = (read: (figures: RehearsalReport['steps'][number]['figures']) => number) =>
      report.steps.reduce((total, { figures }) => total + read(figures), 0);
    // The viewer is the judge; the box knew as much.
    expect(seen).toMatchObject({ continuityErrors: 0, picturesLost: 0, picturesRepeated: 0, ptsJumps: 0, pcrJumps: 0 });
    expect([sum((one) => one.continuityErrors), sum((one) => one.picturesLost), sum((one) => one.latePackets)]).toEqual([0, 0, 0]);
    expect(report).toMatchObject({ verdict: 'passed', reason: 'requested', by: 'command line', leftOut: [] });
    expect(code).toBe(0);
    for (const { figures, fault } of report.steps) {
      if (fault.kind !== 'freeze-management' && fault.kind !== 'limit-path') expect(figures.noticedMs, fault.kind).toBeLessThan(1000);
      expect(figures.backMs, fault.kind).not.toBeNull();
      expect(figures.pictures).toBeGreaterThan(60);
    }
    expect(report.steps.map(({ figures }) => figures.chosen)).toEqual(['lte', 'eth', 'lte', 'eth', null, 'spare', 'spare', null]);
    expect(eventsOf('rehearsal.fault', sinceMs).filter(({ to }) => to === 'passed').length).toBe(8);
    expect(run.status?.rehearsal).toBeNull();
  });

  it('teaches the engine nothing: the second loss of a camera is come back from as soon as the first', { timeout: stepMsMax }, async () => {
    const sinceMs = monoMs();
    await allWell();
    expect(await rehearse('kill cam, kill cam').ended).not.toBeNull();
    const hold = eventsOf('program.switch', sinceMs)
      .filter(({ to }) => to === 'cam')
      .map(({ monoMs }) => monoMs - (run.events.findLast((one) => one.what === 'input.state' && one.to === 'running' && one.monoMs < monoMs)?.monoMs ?? 0));
    // 3 s each time, and what a machine stops for. Without the pardon the second would take 6, and after the kills before them a minute.
    expect(hold.length).toBe(2);
    for (const ms of hold) expect(ms).toBeLessThan(5900);
  });

  it('of a source that hangs says how long the picture stood still, as the viewer saw it', { timeout: stepMsMax }, async () => {
    await allWell();
    await run.seen();
    const hangs = rehearse('freeze cam', '--json');
    expect(await hangs.ended).toBe(1);
    await wait(latencyMs + 1500);
    const seen = await run.seen();
    const [step] = printed(hangs).steps;
    expect(step?.verdict, printed(hangs).text).toBe('noticed');
    expect(step?.figures).toMatchObject({ chosen: 'spare', continuityErrors: 0, latePackets: 0, picturesLost: seen.picturesLost });
    expect(step?.figures.stillMs).toBeGreaterThan(300);
    expect(seen.continuityErrors).toBe(0);
    expect(step?.figures.switchedMs).toBeGreaterThan(stallMs - 200);
  });

  it('is over at once when it is told to stop, when who asked is gone, and when something really breaks', { timeout: 240_000 }, async () => {
    await allWell();
    let sinceMs = monoMs();
    // Long enough for two command lines to start meanwhile.
    const stopped = rehearse('pull eth, pull eth, pull eth, pull eth', '--json');
    await brokenSince(sinceMs);
    const second = rehearse('kill cam');
    expect([await second.ended, second.said()]).toEqual([1, expect.stringContaining('runs already')]);
    expect(await rehearse('stop').ended).toBe(0);
    expect(await stopped.ended).toBe(1);
    expect(printed(stopped)).toMatchObject({ verdict: 'stopped', reason: 'stopped' });
    expect(printed(stopped).steps.at(-1)).toMatchObject({ verdict: 'stopped' });
    expect(printed(stopped).steps.length).toBeLessThan(4);

    await allWell();
    sinceMs = monoMs();
    const gone = rehearse('silence lte', 'pull eth');
    expect(await gone.ended).toBe(64);
    const killed = rehearse('silence lte, pull eth');
    await brokenSince(sinceMs);
    killed.child.kill('SIGKILL');
    const end = await until('the rehearsal is over', () => eventsOf('rehearsal.state', sinceMs).find(({ from }) => from === 'running'));
    expect(end).toMatchObject({ to: 'stopped', reason: 'unattended' });
    await allWell();

    sinceMs = monoMs();
    const broken = rehearse('pull eth, kill cam', '--json');
    await brokenSince(sinceMs);
    // Not a number: an error, where 0 would be this test's own group of processes.
    process.kill(run.status?.inputs.find(({ id }) => id === 'spare')?.workerPid ?? Number.NaN, 'SIGKILL');
    expect(await broken.ended).toBe(1);
    expect(printed(broken)).toMatchObject({ verdict: 'stopped', steps: [{ what: 'eth pulled', verdict: 'stopped' }] });
    expect(printed(broken).text).toContain('the input spare broke');
    await allWell();
  });

  it('is refused with the reason, and its reports are kept', { timeout: stepMsMax }, async () => {
    const ask = async (words: string) => {
      const running = rehearse(words);
      return [await running.ended, running.said().trim()];
    };
    expect(await ask('pull sat')).toEqual([64, expect.stringContaining('there is no path sat')]);
    expect(await ask('explode')).toEqual([64, expect.stringContaining('cannot read “explode”')]);
    const { client } = place.watch(join(directory, 'media.sock'));
    await until('the socket', () => client.connected);
    await client.command({ name: 'pin-input', input: 'cam' }, 'test');
    expect(await ask('lose cam')).toEqual([1, expect.stringContaining('take the pin back first')]);
    await client.command({ name: 'unpin-input' }, 'test');
    const token = readFileSync(join(directory, 'state/api-token'), 'utf8').trim();
    const page = readFileSync(join(directory, 'state/page.url'), 'utf8').trim();
    const reports = (await (await fetch(new URL('/api/rehearsals', page), { headers: { Authorization: `Bearer ${token}` } })).json()) as RehearsalReport[];
    expect(reports.length).toBe(readdirSync(join(directory, 'state/rehearsals')).length);
    expect(reports).toContainEqual(expect.objectContaining({ verdict: 'passed', box: 'demo', by: 'command line' }));
    expect(reports.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['requested', 'stopped', 'unattended']));
  });

  it('over MQTT: the reply says that it began, and events say how it goes', { timeout: stepMsMax }, async () => {
    await allWell();
    const broker = await mqtt.connectAsync(/mqtt:\/\/[^ ]+/.exec(said)?.[0] ?? '', { protocolVersion: 4 });
    const seen: { topic: string; payload: Record<string, unknown> }[] = [];
    broker.on('message', (topic, payload) => seen.push({ topic, payload: JSON.parse(payload.toString('utf8')) }));
    await broker.subscribeAsync(['desk/reply', 'tandem/v1/demo/event']);
    const fault = { kind: 'pull-path', path: 'lte', forMs: 1000 };
    await broker.publishAsync('tandem/v1/demo/cmd/rehearse', JSON.stringify({ faults: [fault], by: 'anna', responseTopic: 'desk/reply' }), { qos: 1 });
    const reply = (await until('the reply', () => seen.find(({ topic }) => topic === 'desk/reply'))).payload;
    expect(reply).toMatchObject({ ok: true, command: 'rehearse', rehearsal: expect.stringMatching(/^[0-9a-f]{8}$/) });
    const told = () => {
      const events = seen.filter(({ topic }) => topic === 'tandem/v1/demo/event').map(({ payload }) => payload as unknown as TandemEvent);
      return events.filter(({ subject, measured }) => subject.kind === 'rehearsal' && measured.rehearsal === reply.rehearsal);
    };
    await until('its end', () => told().some(({ what, from }) => what === 'rehearsal.state' && from === 'running'));
    expect(told().map(({ what, to }) => `${what} ${to}`)).toEqual([
      'rehearsal.state running',
      'rehearsal.fault broken',
      'rehearsal.fault passed',
      'rehearsal.state passed',
    ]);
    expect(told()[0]?.text).toContain('mqtt:anna rehearses');
    expect(told()[2]?.measured).toMatchObject({ chosen: 'eth', latePackets: 0, picturesLost: 0 });
    await broker.endAsync();
  });

  it('of the page ends when control dies, and the report is there when it is back', { timeout: stepMsMax }, async () => {
    await allWell();
    const token = readFileSync(join(directory, 'state/api-token'), 'utf8').trim();
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    const page = readFileSync(join(directory, 'state/page.url'), 'utf8').trim();
    const sinceMs = monoMs();
    const body = JSON.stringify({ faults: [{ kind: 'silence-path', path: 'eth' }] });
    const reply = await fetch(new URL('/api/commands/rehearse', page), { method: 'POST', headers, body });
    const { rehearsal } = (await reply.json()) as { rehearsal: string };
    await brokenSince(sinceMs);
    run.kill('control');
    const end = await until('the rehearsal is over', () => eventsOf('rehearsal.state', sinceMs).find(({ from }) => from === 'running'));
    expect(end).toMatchObject({ to: 'stopped', reason: 'unattended' });
    await until('the report is kept', () => readdirSync(join(directory, 'state/rehearsals')).some((name) => name.includes(rehearsal)));
    await allWell();
  });
});

it('a client that asks for no reports gets none', async () => {
  const lines: string[] = [];
  const client = new MediaClient({
    path: join(directory, 'media.sock'),
    statusEveryMs: 100,
    onStatus: () => lines.push('status'),
    onEvent: () => undefined,
    onState: () => undefined,
  });
  client.start();
  await until('statuses', () => lines.length > 3);
  expect(client.connected).toBe(true);
  client.stop();
});
