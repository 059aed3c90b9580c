import { readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { monoMs, wallMs } from '../../src/clock.ts';
import { loadEffective } from '../../src/config/effective.ts';
import type { Command, CommandReply } from '../../src/model/command.ts';
import { type Notice, notice, type TandemEvent } from '../../src/model/event.ts';
import type { RehearsalReport } from '../../src/model/rehearsal.ts';
import { type FromMedia, socketVersion, toMediaSchema } from '../../src/model/socket.ts';
import type { Status } from '../../src/model/status.ts';

/** A grey 2 × 2 JPEG. */
const jpeg =
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgwSExIQEw8QEBD/yQALCAACAAIBAREA/8wABgAQEAX/2gAIAQEAAD8A0s8g/9k=';

/** Speaks `model/socket.ts` as the media daemon does, with two inputs and two paths whose figures move. */
export class FakeMedia {
  readonly commands: { command: Command; from: string }[] = [];
  /** How long control stood still, each time. */
  readonly thawed: number[] = [];
  readonly status: Status;
  /** What it does when its configuration changed; the real one reads its file. */
  reload: () => CommandReply = () => {
    this.status.configRev = loadEffective(join(dirname(this.#path), 'config.json')).origin?.rev ?? 0;
    return { ok: true, reason: 'config-changed', text: 'in force' };
  };
  readonly #path: string;
  readonly #events: TandemEvent[] = [];
  readonly #clients = new Set<Socket>();
  #server: Server | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string, session = 'media-1') {
    this.#path = path;
    this.status = freshStatus(session);
  }

  async start(): Promise<void> {
    rmSync(this.#path, { force: true });
    const server = createServer((socket) => this.#serve(socket));
    await new Promise<void>((resolve) => server.listen(this.#path, resolve));
    this.#server = server;
    this.#timer = setInterval(() => this.#move(), 250);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const client of this.#clients) client.destroy();
    this.#server?.close();
  }

  emit(fields: Pick<Notice, 'severity' | 'subject' | 'what' | 'reason' | 'text'> & Partial<Notice>): TandemEvent {
    const event: TandemEvent = {
      ...notice(fields),
      seq: this.#events.length + 1,
      session: this.status.session,
      bootId: this.status.bootId,
      monoMs: monoMs(),
      wallMs: wallMs(),
    };
    this.#events.push(event);
    this.#broadcast({ type: 'event', event });
    return event;
  }

  endRehearsal(report: RehearsalReport): void {
    this.status.rehearsal = null;
    this.publish();
    this.#broadcast({ type: 'report', report });
  }

  freeze(forMs: number): void {
    this.#broadcast({ type: 'freeze', id: '1a2b', forMs });
  }

  publish(): void {
    this.#broadcast({ type: 'status', status: this.status });
  }

  #serve(socket: Socket): void {
    this.#clients.add(socket);
    socket.on('close', () => this.#clients.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setEncoding('utf8');
    send(socket, { type: 'hello', version: socketVersion, session: this.status.session });
    let partial = '';
    socket.on('data', (text: string) => {
      partial += text;
      const lines = partial.split('\n');
      partial = lines.pop() ?? '';
      for (const line of lines) this.#obey(socket, line);
    });
  }

  #obey(socket: Socket, line: string): void {
    const message = toMediaSchema.parse(JSON.parse(line));
    if (message.type === 'subscribe') {
      const after = message.eventsAfter;
      if (after !== null)
        for (const event of this.#events) if (after.session !== event.session || event.seq > after.seq) send(socket, { type: 'event', event });
      send(socket, { type: 'status', status: this.status });
    } else if (message.type === 'thawed') {
      this.thawed.push(message.frozenMs);
    } else if (message.type === 'reload') {
      send(socket, { type: 'reply', id: message.id, reply: this.reload() });
      this.publish();
    } else if (message.type === 'command') {
      this.commands.push({ command: message.command, from: message.from });
      send(socket, { type: 'reply', id: message.id, reply: this.#perform(message.command) });
    }
  }

  #perform(command: Command): CommandReply {
    const { program } = this.status;
    const done = (text: string): CommandReply => ({ ok: true, reason: 'requested', text });
    switch (command.name) {
      case 'stop':
        Object.assign(program, { state: 'stopped', reason: 'stopped', text: 'off air on request', sinceMonoMs: monoMs() });
        break;
      case 'start':
        Object.assign(program, { state: 'on-air', reason: 'on-air', text: `${program.input} is delivered to cloud`, sinceMonoMs: monoMs() });
        break;
      case 'pin-input':
        if (!this.status.inputs.some(({ id }) => id === command.input)) return { ok: false, reason: 'invalid', text: `there is no input ${command.input}` };
        this.#switch(command.input);
        program.pinned = command.input;
        program.pin = { input: command.input, reason: 'pinned', text: `${command.input} is pinned and on air`, expiresInMs: command.forMs ?? null };
        break;
      case 'unpin-input':
        this.#switch('cam1');
        program.pinned = null;
        program.pin = null;
        break;
      case 'pin-path':
        if (!this.status.paths.some(({ id }) => id === command.path)) return { ok: false, reason: 'invalid', text: `there is no path ${command.path}` };
        program.pathPin = { path: command.path, reason: 'pinned', text: `path ${command.path} is pinned`, expiresInMs: command.forMs ?? null };
        break;
      case 'unpin-path':
        program.pathPin = null;
        break;
      case 'rehearse':
        this.status.rehearsal = { id: '1a2b', by: 'page', step: 0, steps: 2, phase: 'steady', text: 'measuring how it is before anything is broken', done: [] };
        this.publish();
        return { ...done('rehearsal 1a2b: 2 faults, about 20 s'), rehearsal: '1a2b' };
      case 'stop-rehearsal':
        this.endRehearsal({
          ...madeReport,
          verdict: 'stopped',
          reason: 'stopped',
          text: 'not brought to its end: 0 of 2 faults passed; stopped: page asked for it',
        });
        break;
      case 'snapshot':
        return { ...done('a picture'), jpegBase64: jpeg };
      default:
        break;
    }
    this.publish();
    return done(`${command.name} was done`);
  }

  #switch(input: string): void {
    this.status.program.input = input;
    for (const one of this.status.inputs) one.onAir = one.id === input;
  }

  #move(): void {
    const { status } = this;
    status.monoMs = monoMs();
    status.uptimeMs += 250;
    const wave = Math.sin(status.monoMs / 7000);
    status.program.kbps = 4300 + 150 * wave;
    for (const [index, path] of status.paths.entries()) {
      if (path.state !== 'up') {
        path.sentKbps = 0;
        continue;
      }
      path.sentKbps = index === 0 ? 3000 + 600 * wave : 1300 - 500 * wave;
      path.rttMs = index === 0 ? 41 + 3 * wave : 85 + 30 * Math.cos(status.monoMs / 3000);
      path.sentPackets += Math.round(path.sentKbps / 40);
      path.nakedPackets += index === 1 && Math.random() < 0.3 ? 1 : 0;
      path.sentBytes += Math.round(path.sentKbps * 31);
    }
    this.publish();
  }

  #broadcast(message: FromMedia): void {
    for (const client of this.#clients) send(client, message);
  }
}

const figures = {
  ...{ brokenMs: 5000, noticedMs: 83, switchedMs: null, backMs: 170, chosen: 'lte', pictures: 210, picturesLost: 0, picturesRepeated: 0, continuityErrors: 0 },
  ...{ ptsJumps: 0, pcrJumps: 0, longestGapMs: 41, stillMs: 76, slateMs: 0, latePackets: 0 },
};
/** Of a rehearsal that ended well but for a camera that hung. */
export const madeReport: RehearsalReport = {
  id: '1a2b',
  box: 'box7',
  by: 'page',
  forced: false,
  monoMs: 1,
  wallMs: 1_760_000_000_000,
  tookMs: 23_000,
  verdict: 'noticed',
  reason: 'requested',
  text: 'viewers noticed some of it: 1 of 2 faults passed',
  steps: [
    {
      fault: { kind: 'silence-path', path: 'eth', forMs: 5000 },
      what: 'eth silent',
      verdict: 'passed',
      text: 'eth silent: on lte after 83 ms, nothing lost; back on eth 170 ms after it was put back',
      figures,
    },
    {
      fault: { kind: 'freeze-input', input: 'cam1', forMs: 5000 },
      what: 'cam1 hangs',
      verdict: 'noticed',
      text: 'cam1 hangs: on backup after 350 ms, 10 pictures missing; back on cam1 3.7 s after it was put back',
      figures: { ...figures, picturesLost: 10, switchedMs: 350, chosen: 'backup' },
    },
  ],
  leftOut: [{ what: 'lte pulled', reason: 'no-spare', text: 'lte pulled: no other path would carry the program' }],
};

function send(socket: Socket, message: FromMedia): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}

export function freshStatus(session: string): Status {
  const sinceMonoMs = monoMs() - 200_000;
  const input = (id: string, kind: string, onAir: boolean): Status['inputs'][number] => ({
    id,
    kind,
    state: 'running',
    reason: 'started',
    text: `${id} delivers pictures`,
    onAir,
    kbps: 4300,
    targetKbps: 4000,
    encoder: 'x264enc',
    restarts: 0,
    retryInMs: null,
    audioDb: -21.5,
    sinceMonoMs,
    workerPid: 4711,
    source: {},
  });
  const path = (id: string, device: string): Status['paths'][number] => ({
    id,
    destination: 'cloud',
    interface: device,
    state: 'up',
    reason: 'connected',
    rttMs: 41,
    rttMinMs: 39,
    jitterMs: 2,
    queueMs: 0,
    lossPct: 0,
    capacityKbps: 6000,
    capacityReached: false,
    sentKbps: 2000,
    sentBytes: 0,
    sentPackets: 0,
    receivedBytes: 0,
    receivedPackets: 0,
    ackedPackets: 0,
    nakedPackets: 0,
    retransmittedPackets: 0,
    duplicatedPackets: 0,
    sendErrors: 0,
    inFlight: 4,
    window: 30,
    sinceMonoMs,
  });
  return {
    box: 'box7',
    version: '0.1.0',
    session,
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    pid: process.pid,
    monoMs: monoMs(),
    uptimeMs: 200_000,
    rssBytes: 61_000_000,
    program: {
      state: 'on-air',
      reason: 'on-air',
      text: 'cam1 is delivered to cloud',
      input: 'cam1',
      pinned: null,
      pin: null,
      pathPin: null,
      destination: 'cloud',
      kbps: 4300,
      targetKbps: 4000,
      packets: 1_000_000,
      sinceMonoMs,
      reference: null,
    },
    inputs: [input('cam1', 'v4l2', true), input('backup', 'test', false)],
    paths: [path('eth', 'eth0'), path('lte', 'wwan0')],
    destinations: [
      {
        id: 'cloud',
        mode: 'bonded',
        address: 'gateway.example.net:5000',
        state: 'connected',
        reason: 'connected',
        text: 'connected to gateway.example.net:5000',
        active: true,
        retryInMs: null,
        sinceMonoMs,
        srt: {
          rttMs: 42,
          latencyMs: 1000,
          sendBufferMs: 300,
          sendBufferPackets: 120,
          sentPackets: 100_000,
          lostPackets: 20,
          retransmittedPackets: 20,
          droppedPackets: 0,
          sendKbps: 4400,
        },
      },
    ],
  };
}
