/**
 * The bond against emulated links in simulated time: seeded, replayable, a minute in a second. The same link model as the lab's emulator, the
 * same scheduler as the sender, a receiver that keeps its latency.
 */
import { LinkModel, type LinkProfile } from '../lab/emulator/link-model.ts';
import type { Outlet } from '../uplink/srtla/bond-options.ts';
import { Bond } from '../uplink/srtla/scheduler.ts';
import * as wire from '../uplink/srtla/wire.ts';
import { fps, keyEvery, pictureBytes } from './pictures.ts';
import { SimulatedReceiver } from './srt-receiver.ts';
import { type Process, type Standstill, Standstills } from './standstill.ts';

export interface SimulatedLink {
  profile: LinkProfile;
  priority?: number;
  capKbps?: number;
  /** When the receiver has taken it; the usual is at the beginning. */
  acceptedMs?: number;
}

export interface UplinkScenario {
  seed: number;
  seconds: number;
  latencyMs: number;
  kbps: number;
  links: SimulatedLink[];
  receiver?: 'stock' | 'patient';
  duplicateShare?: number;
  /** When what about which link changes. */
  changes?: { atMs: number; link: number; patch: Partial<LinkProfile> }[];
  /** When the program is to keep to which link; −1: to all of them again. */
  pins?: { atMs: number; link: number }[];
  /** Pictures come as bursts, key frames four times the size; otherwise the stream is smooth. */
  bursts?: boolean;
  /** Everything that the links, the sender or the receiver should do meanwhile comes at its end. */
  standstills?: Standstill[];
  /** Asked each 50 ms: kbit/s from now on. */
  adapt?: (bond: Bond, kbps: number, nowMs: number) => number;
  /** A packet was not there in time. */
  onLost?: (lost: { sequence: number; picture: number; late: boolean; bornMs: number; nowMs: number }) => void;
}

export interface UplinkResult {
  pictures: number;
  picturesLost: number;
  packets: number;
  packetsLost: number;
  /** Packets for a link that may not be used. */
  misused: number;
  /** Packets for another link than the pinned one while that works. */
  astray: number;
  /** Given up by the bond itself. */
  dropped: number;
  /** Sent beyond the first copies, percent. */
  overheadPct: number;
  duplicatePct: number;
  rescued: number[];
  sentPackets: number[];
  deliveredKbps: number;
  /** Packets put on a link after it had last delivered something, at each time it went down: how long after the last delivery. */
  deadMs: number[];
  inFlightMax: number;
  backlogMsMax: number;
  /** kbit/s of the source, each second. */
  rates: number[];
}

const turnEveryMs = 2;
const payloadBytes = 1316;
const headerBytes = 16;
const keepaliveBytes = 38;
/** More than are open at any time. A power of two. */
const packetsKept = 65_536;

interface Event {
  link: number;
  bytes: Buffer | null;
  /** Sequence number of a data packet on its way up. */
  sequence: number;
  length: number;
}

export function simulateUplink(scenario: UplinkScenario): UplinkResult {
  return new World(scenario).run();
}

class World implements Outlet {
  readonly #scenario: UplinkScenario;
  readonly #bond: Bond;
  readonly #up: LinkModel[];
  readonly #down: LinkModel[];
  readonly #receiver: SimulatedReceiver;
  readonly #arrivals = new Map<number, Event[]>();
  readonly #answers = new Map<number, Event[]>();
  readonly #standstills: Standstills;
  /** What came to the links, and to the receiver, while they stood still. */
  readonly #enters: { into: Map<number, Event[]>; model: LinkModel; event: Event }[] = [];
  #received: Event[] = [];
  #heard: Event[] = [];
  /** Of the last packets, by sequence number. */
  readonly #bornMs = new Float64Array(packetsKept);
  readonly #pictureOf = new Int32Array(packetsKept);
  readonly #picturesLost = new Set<number>();
  #pictures = 0;
  #packetsLost = 0;
  #misused = 0;
  #astray = 0;
  readonly #scratch = Buffer.alloc(headerBytes + payloadBytes);
  readonly #downSinceMs: number[] = [];
  readonly #lastPutMs: number[] = [];
  readonly #deadMs: number[] = [];
  #nowMs = 0;
  #deliveredMs = 0;
  #sequence = 0;
  #picture = 0;
  #kbps: number;
  #owedBytes = 0;
  #inFlightMax = 0;
  #backlogMsMax = 0;
  readonly #rates: number[] = [];

  constructor(scenario: UplinkScenario) {
    this.#scenario = scenario;
    this.#kbps = scenario.kbps;
    const { links, latencyMs, seed } = scenario;
    this.#bond = new Bond(
      { latencyMs, redundant: false, duplicateShare: scenario.duplicateShare ?? 0.2, packets: ((latencyMs + 1000) / 1000) * (20_000 / 8 / 1.316) },
      links.map(({ priority, capKbps }) => ({ priority: priority ?? 10, capKbps: capKbps ?? 0, metered: false })),
    );
    this.#up = links.map(({ profile }, index) => new LinkModel({ ...profile }, seed * 16 + index));
    this.#down = links.map(({ profile }, index) => new LinkModel({ ...profile }, (seed * 16 + index) ^ 0x5bd1e995));
    this.#standstills = new Standstills(scenario.standstills ?? [], seed);
    this.#receiver = new SimulatedReceiver({
      links: links.length,
      latencyMs,
      kind: scenario.receiver ?? 'stock',
      bornMs: (sequence) => this.#bornMs[sequence % packetsKept] as number,
      lost: (sequence, late) => {
        this.#packetsLost++;
        const picture = this.#pictureOf[sequence % packetsKept] as number;
        this.#picturesLost.add(picture);
        scenario.onLost?.({ sequence, picture, late, bornMs: this.#bornMs[sequence % packetsKept] as number, nowMs: this.#nowMs });
      },
      firstDelayMs: Math.min(...links.map(({ profile }) => profile.delayMs)),
      send: (link, bytes) => this.#later(this.#answers, this.#down[link] as LinkModel, { link, bytes, sequence: -1, length: bytes.length }),
    });
  }

  run(): UplinkResult {
    const { seconds } = this.#scenario;
    const changes = (this.#scenario.changes ?? []).toSorted((a, b) => a.atMs - b.atMs);
    let next = 0;
    this.#accept(0);
    const endMs = seconds * 1000 + this.#scenario.latencyMs + 1000;
    for (this.#nowMs = 0; this.#nowMs < endMs; this.#nowMs++) {
      for (let change = changes[next]; change !== undefined && change.atMs <= this.#nowMs; change = changes[++next]) this.#change(change.link, change.patch);
      if (this.#nowMs > 0) this.#accept(this.#nowMs);
      this.#standstills.at(this.#nowMs);
      const still = (what: Process) => this.#standstills.still(what, this.#nowMs);
      if (!still('links')) this.#deliver();
      if (!still('receiver')) this.#receive();
      if (this.#nowMs > 500 && this.#nowMs < seconds * 1000) this.#source(still('sender'));
      if (this.#nowMs % turnEveryMs === 0 && !still('sender')) this.#turn();
    }
    return this.#result();
  }

  put(link: number, bytes: Buffer, offset: number, length: number): boolean {
    this.#lastPutMs[link] = this.#nowMs;
    if (this.#bond.carriers[link]?.usable !== true) this.#misused++;
    if (this.#bond.failover.only >= 0 && link !== this.#bond.failover.only && this.#bond.carriers[this.#bond.failover.only]?.sound === true) this.#astray++;
    this.#later(this.#arrivals, this.#up[link] as LinkModel, { link, bytes: null, sequence: wire.dataSequence(bytes, offset), length });
    return true;
  }

  #accept(nowMs: number): void {
    this.#scenario.links.forEach(({ acceptedMs = 0 }, link) => {
      if (acceptedMs === nowMs) this.#bond.carriers[link]?.accepted(nowMs);
    });
  }

  #turn(): void {
    const nowMs = this.#nowMs;
    const heard = this.#heard;
    this.#heard = [];
    this.#bond.begin(nowMs);
    this.#bond.failover.only = this.#scenario.pins?.findLast(({ atMs }) => atMs <= nowMs)?.link ?? -1;
    for (const { link, bytes } of heard) if (bytes !== null) this.#hear(link, bytes);
    this.#bond.turn(nowMs, this);
    this.#bond.carriers.forEach((carrier, link) => {
      if (!carrier.pulse.askDue(nowMs)) return;
      carrier.pulse.asked(nowMs);
      const question = Buffer.alloc(keepaliveBytes);
      wire.writeKeepalive(question, nowMs, { linkId: link, window: 0, inFlight: 0, rttMs: 0, naks: 0, bytesPerSecond: 0 });
      this.#later(this.#arrivals, this.#up[link] as LinkModel, { link, bytes: question, sequence: -1, length: keepaliveBytes });
      this.#inFlightMax = Math.max(this.#inFlightMax, this.#bond.packets.inFlight[link] as number);
    });
    this.#backlogMsMax = Math.max(this.#backlogMsMax, this.#bond.backlogMs(nowMs));
    if (nowMs % 50 === 0 && this.#scenario.adapt !== undefined) this.#kbps = this.#scenario.adapt(this.#bond, this.#kbps, nowMs);
    if (nowMs % 1000 === 0) this.#rates.push(Math.round(this.#kbps));
  }

  #receive(): void {
    const received = this.#received;
    this.#received = [];
    for (const { link, bytes, sequence, length } of received) {
      // The model of the way back takes it when the links stand still no more.
      if (bytes !== null) this.#later(this.#answers, this.#down[link] as LinkModel, { link, bytes, sequence, length });
      else this.#receiver.data(link, sequence, length, this.#nowMs);
    }
    this.#receiver.turn(this.#nowMs);
  }

  /** Packets that the sender would make while it stands still are made at the end of that. */
  #source(still: boolean): void {
    const { bursts } = this.#scenario;
    const bytesPerMs = this.#kbps / 8;
    if (bursts !== true) {
      this.#owedBytes += bytesPerMs;
      this.#picture = Math.floor((this.#nowMs * fps) / 1000);
    } else if (Math.floor((this.#nowMs * fps) / 1000) !== this.#picture) {
      this.#picture = Math.floor((this.#nowMs * fps) / 1000);
      this.#owedBytes += pictureBytes(this.#kbps, this.#picture);
    }
    if (still) return;
    for (; this.#owedBytes >= payloadBytes; this.#owedBytes -= payloadBytes) this.#make(payloadBytes);
    // A picture does not wait for the next one.
    if (bursts === true && this.#owedBytes > 0) {
      this.#make(Math.ceil(this.#owedBytes));
      this.#owedBytes = 0;
    }
  }

  /** A packet of the program. */
  #make(bytes: number): void {
    this.#scratch.writeUInt32BE(this.#sequence, 0);
    this.#scratch.writeUInt32BE(0xc0000001, 4);
    const at = this.#sequence % packetsKept;
    if (this.#sequence === 0 || this.#pictureOf[(this.#sequence - 1) % packetsKept] !== this.#picture) this.#pictures++;
    this.#bornMs[at] = this.#nowMs;
    this.#pictureOf[at] = this.#picture;
    // A key frame, and every tenth packet for the sound.
    const important = this.#sequence % 10 === 0 || (this.#scenario.bursts === true && this.#picture % keyEvery === 0);
    this.#bond.accept(this.#scratch, 0, headerBytes + bytes, important, this.#nowMs);
    this.#sequence++;
  }

  #deliver(): void {
    const nowMs = this.#nowMs;
    for (const { into, model, event } of this.#enters.splice(0)) this.#enter(into, model, event);
    for (; this.#deliveredMs <= nowMs; this.#deliveredMs++) this.#deliverDue(this.#deliveredMs);
  }

  /** What was due at `dueMs`. */
  #deliverDue(dueMs: number): void {
    this.#received.push(...(this.#arrivals.get(dueMs) ?? []));
    this.#heard.push(...(this.#answers.get(dueMs) ?? []));
    this.#arrivals.delete(dueMs);
    this.#answers.delete(dueMs);
  }

  #hear(link: number, bytes: Buffer): void {
    const nowMs = this.#nowMs;
    const carrier = this.#bond.carriers[link];
    carrier?.pulse.heard(nowMs);
    switch (wire.packetType(bytes, 0, bytes.length)) {
      case wire.srtlaType.keepalive: {
        const askedMs = wire.keepaliveTime(bytes, 0, bytes.length);
        carrier?.pulse.answered(askedMs, nowMs);
        this.#bond.measured(link, nowMs - askedMs, nowMs);
        return;
      }
      case wire.srtlaType.ack:
        this.#bond.acked(link, bytes, 0, bytes.length, nowMs);
        return;
      case wire.srtType.ack:
        return this.#bond.acknowledged(wire.ackedSequence(bytes, 0, bytes.length));
      case wire.srtType.nak:
        this.#bond.reported(bytes, 0, bytes.length, nowMs);
    }
  }

  #later(into: Map<number, Event[]>, model: LinkModel, event: Event): void {
    if (this.#standstills.still('links', this.#nowMs)) this.#enters.push({ into, model, event });
    else this.#enter(into, model, event);
  }

  #enter(into: Map<number, Event[]>, model: LinkModel, event: Event): void {
    const at = model.enter(event.length, this.#nowMs);
    if (typeof at !== 'number') return;
    const ms = Math.max(this.#nowMs + 1, Math.ceil(at));
    const due = into.get(ms);
    if (due === undefined) into.set(ms, [event]);
    else due.push(event);
  }

  #change(link: number, patch: Partial<LinkProfile>): void {
    if (patch.down === true) this.#downSinceMs[link] = this.#nowMs;
    if (patch.down === false && this.#downSinceMs[link] !== undefined)
      this.#deadMs.push((this.#lastPutMs[link] ?? 0) - (this.#receiver.deliveredMs[link] ?? 0));
    for (const model of [this.#up[link], this.#down[link]]) if (model !== undefined) model.profile = { ...model.profile, ...patch };
  }

  #result(): UplinkResult {
    const sum = (pick: (one: Bond['carriers'][number]) => number) => this.#bond.carriers.reduce((total, one) => total + pick(one), 0);
    const sent = sum(({ sentPackets }) => sentPackets);
    return {
      pictures: this.#pictures,
      picturesLost: this.#picturesLost.size,
      packets: this.#sequence,
      packetsLost: this.#packetsLost,
      misused: this.#misused,
      astray: this.#astray,
      dropped: this.#bond.droppedPackets,
      overheadPct: Math.round((sent / this.#sequence - 1) * 1000) / 10,
      duplicatePct: Math.round((sum(({ duplicatedPackets }) => duplicatedPackets) / this.#sequence) * 1000) / 10,
      rescued: this.#bond.carriers.map(({ rescuedPackets }) => rescuedPackets),
      sentPackets: this.#bond.carriers.map(({ sentPackets }) => sentPackets),
      deliveredKbps: Math.round((this.#receiver.deliveredBytes * 8) / ((this.#scenario.seconds - 0.5) * 1000)),
      deadMs: this.#deadMs.map(Math.round),
      inFlightMax: this.#inFlightMax,
      backlogMsMax: Math.round(this.#backlogMsMax),
      rates: this.#rates,
    };
  }
}
