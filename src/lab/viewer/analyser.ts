/** Measures an MPEG-TS as a viewer would suffer it. Pure: bytes and arrival times in, figures out. */
import {
  continuityOf,
  hasError,
  hasPayload,
  isDiscontinuity,
  nullPid,
  packetBytes,
  payloadAt,
  pcrOf,
  pcrWrap,
  pesTime,
  pidOf,
  startsUnit,
  syncByte,
  wrappedDifference,
} from '../../switcher/mpegts/packet.ts';
import { parseAssociation, parseProgramMap } from '../../switcher/mpegts/tables.ts';
import type { Disturbance } from './figures.ts';
import { PictureOrder } from './pictures.ts';

/** Twice the longest interval between clock references that ISO/IEC 13818-1, 2.7.2 allows (100 ms), in 27 MHz. */
const pcrStepMax = 200 * 27_000;
/** A pause in arrival that a viewer's buffer would feel. */
const gapMs = 300;
/** Half an hour of clock references and some thousand incidents: bounded, whatever comes. */
const referencesMax = 100_000;
const disturbancesMax = 20_000;
const unseen = 0xff;

export interface Figures {
  pictures: number;
  continuityErrors: number;
  /** Missing or damaged. */
  picturesLost: number;
  picturesRepeated: number;
  longestGapMs: number;
  ptsJumps: number;
  pcrJumps: number;
  bytes: number;
  disturbances: Disturbance[];
}

export class Analyser {
  figures: Figures = nothing();
  readonly #counters = new Uint8Array(nullPid + 1).fill(unseen);
  readonly #repeats = new Uint8Array(nullPid + 1);
  readonly #arrivals = new Map<number, number>();
  #order = new PictureOrder();
  #mapPid = -1;
  #videoPid = -1;
  #pcrPid = -1;
  #lastPcr = -1;
  #arrivalMs = -1;
  #damaged = false;
  #sinceMs = -1;

  /** From now on counts; what came before is known but not judged. */
  startMeasuring(nowMs: number): void {
    this.figures = nothing();
    this.#sinceMs = nowMs;
    if (this.#arrivalMs >= 0) this.#arrivalMs = nowMs;
    this.#damaged = false;
  }

  /** Whole packets that arrived together. What is not in step is passed over. */
  push(buffer: Uint8Array, offset: number, length: number, nowMs: number): void {
    if (this.#sinceMs < 0) this.#sinceMs = nowMs;
    if (this.#arrivalMs >= 0) this.#noteGap(nowMs - this.#arrivalMs, nowMs);
    this.#arrivalMs = nowMs;
    this.figures.bytes += length;
    for (let at = offset; at + packetBytes <= offset + length; at += packetBytes) if (buffer[at] === syncByte) this.#packet(buffer, at, nowMs);
  }

  /** Includes the silence up to now. */
  longestGapMs(nowMs: number): number {
    return Math.max(this.figures.longestGapMs, this.#arrivalMs < 0 ? 0 : nowMs - this.#arrivalMs);
  }

  /** What went wrong, a silence that is not over included. */
  disturbances(nowMs: number): Disturbance[] {
    const silent = this.#arrivalMs >= 0 && nowMs - this.#arrivalMs > gapMs;
    return silent ? [...this.figures.disturbances, { atMs: nowMs, kind: 'gap' }] : this.figures.disturbances;
  }

  kbps(nowMs: number): number {
    return this.#sinceMs < 0 || nowMs <= this.#sinceMs ? 0 : Math.round((this.figures.bytes * 8) / (nowMs - this.#sinceMs));
  }

  /** How long after `monoMs` the clock reference `pcr` arrived here; null when it did not. */
  delayMs(reference: { pcr: number; monoMs: number }): number | null {
    const arrival = this.#arrivals.get(reference.pcr);
    return arrival === undefined ? null : arrival - reference.monoMs;
  }

  #packet(buffer: Uint8Array, at: number, nowMs: number): void {
    const pid = pidOf(buffer, at);
    if (pid === nullPid) return;
    if (hasPayload(buffer, at)) this.#continuity(buffer, at, pid, nowMs);
    const pcr = pid === this.#pcrPid || this.#pcrPid < 0 ? pcrOf(buffer, at) : -1;
    if (pcr >= 0) this.#clock(pcr, isDiscontinuity(buffer, at), nowMs);
    if (pid === 0) this.#mapPid = parseAssociation(buffer, at) >= 0 ? parseAssociation(buffer, at) : this.#mapPid;
    else if (pid === this.#mapPid) this.#map(buffer, at);
    else if (pid === this.#videoPid && startsUnit(buffer, at)) this.#picture(buffer, at, nowMs);
  }

  #map(buffer: Uint8Array, at: number): void {
    const map = parseProgramMap(buffer, at);
    if (map === null) return;
    this.#pcrPid = map.pcrPid;
    this.#videoPid = map.streams.find(({ kind }) => kind === 'h264' || kind === 'h265' || kind === 'mpeg2')?.pid ?? -1;
  }

  #continuity(buffer: Uint8Array, at: number, pid: number, nowMs: number): void {
    const counter = continuityOf(buffer, at);
    const before = this.#counters[pid] as number;
    this.#counters[pid] = counter;
    const repeats = counter === before ? (this.#repeats[pid] as number) + 1 : 0;
    this.#repeats[pid] = Math.min(repeats, 2);
    // One duplicate of a packet is permitted (2.4.3.3), two are not.
    const inOrder = before === unseen || counter === ((before + 1) & 0x0f) || repeats === 1 || isDiscontinuity(buffer, at);
    if (inOrder && !hasError(buffer, at)) return;
    this.figures.continuityErrors++;
    this.#disturbed('continuity', nowMs);
    if (pid === this.#videoPid) this.#damaged = true;
  }

  #clock(pcr: number, announced: boolean, nowMs: number): void {
    const last = this.#lastPcr;
    this.#lastPcr = pcr;
    if (this.#arrivals.size < referencesMax) this.#arrivals.set(pcr, nowMs);
    if (last < 0 || announced) return;
    const step = wrappedDifference(pcr, last, pcrWrap);
    if (step > 0 && step <= pcrStepMax) return;
    this.figures.pcrJumps++;
    this.#disturbed('pcr-jump', nowMs);
  }

  #picture(buffer: Uint8Array, at: number, nowMs: number): void {
    const pts = pesTime(buffer, payloadAt(buffer, at), at + packetBytes, 0);
    if (pts < 0) return;
    if (this.#damaged) {
      this.figures.picturesLost++;
      this.#disturbed('picture-damaged', nowMs);
      this.#damaged = false;
    }
    this.figures.pictures++;
    const verdict = this.#order.add(pts);
    if (verdict === null) return;
    if (verdict.missing > 0) {
      this.figures.picturesLost += verdict.missing;
      this.#disturbed('picture-lost', nowMs);
    }
    if (verdict.repeated) {
      this.figures.picturesRepeated++;
      this.#disturbed('picture-repeated', nowMs);
    }
    if (verdict.jump) {
      this.figures.ptsJumps++;
      this.#disturbed('pts-jump', nowMs);
    }
  }

  #noteGap(ms: number, nowMs: number): void {
    if (ms > this.figures.longestGapMs) this.figures.longestGapMs = ms;
    if (ms > gapMs) this.#disturbed('gap', nowMs);
  }

  #disturbed(kind: Disturbance['kind'], atMs: number): void {
    if (this.figures.disturbances.length < disturbancesMax) this.figures.disturbances.push({ atMs, kind });
  }
}

const nothing = (): Figures => ({
  pictures: 0,
  continuityErrors: 0,
  picturesLost: 0,
  picturesRepeated: 0,
  longestGapMs: 0,
  ptsJumps: 0,
  pcrJumps: 0,
  bytes: 0,
  disturbances: [],
});
