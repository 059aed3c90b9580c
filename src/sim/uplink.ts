/**
 * The scheduler against emulated links in simulated time: seeded, replayable, a minute in milliseconds. A safety phase with
 * random blackouts, then healing and a liveness phase.
 */
import { LinkModel } from '../lab/emulator/link-model.ts';
import { profiles } from '../lab/emulator/profiles.ts';
import { seededRandom } from '../lab/random.ts';
import { InFlight } from '../uplink/srtla/in-flight.ts';
import { chooseLink, grow, judgeStall, type LinkFigures, stallMs, windowStart } from '../uplink/srtla/scheduler.ts';

export interface UplinkSimulation {
  /** Packets given to a link that had been silent for longer than it may, while another was well. */
  toDeadLink: number;
  /** Packets that found no link at all. */
  unsent: number;
  /** Packets that each link carried in the liveness phase. */
  carriedAfterHealing: number[];
  inFlightMax: number;
}

interface Simulated {
  model: LinkModel;
  figures: LinkFigures;
  /** Arrivals of proofs at the sender: when, and of which packet. */
  proofs: { atMs: number; sequence: number }[];
  keepalives: number[];
  downUntilMs: number;
}

const packetMs = 3;
const packetBytes = 1332;
const keepaliveMs = 200;
/** SRT sends again or gives up what is missing within its latency (1000 ms here), and acknowledges past it. */
const ackedPackets = Math.round(1000 / packetMs);

/** Runs `seconds` of faults, then 10 s without. */
export function simulateUplink(seed: number, seconds: number): UplinkSimulation {
  const random = seededRandom(seed);
  const links = [profiles.ethernet, profiles.lte].map((profile, index) => makeLink(profile, seed + index));
  const inFlight = new InFlight();
  const result: UplinkSimulation = { toDeadLink: 0, unsent: 0, carriedAfterHealing: links.map(() => 0), inFlightMax: 0 };
  const figures = links.map((link) => link.figures);
  const healMs = seconds * 1000;
  let sequence = 0;
  let previous = -1;
  for (let nowMs = 0; nowMs < healMs + 10_000; nowMs++) {
    for (const [index, link] of links.entries()) {
      if (nowMs < healMs && random() < 1 / 8000) link.downUntilMs = Math.min(healMs, nowMs + random() * 6000);
      link.model.profile = { ...link.model.profile, down: nowMs < link.downUntilMs };
      hear(link, index, inFlight, nowMs);
      link.figures.inFlight = inFlight.counts[index] ?? 0;
      result.inFlightMax = Math.max(result.inFlightMax, link.figures.inFlight);
      judgeStall(link.figures, nowMs);
      if (nowMs % keepaliveMs === 0) {
        const there = link.model.enter(38, nowMs);
        if (typeof there === 'number') link.keepalives.push(there + link.model.profile.delayMs);
      }
    }
    if (nowMs % packetMs !== 0) continue;
    const choice = chooseLink(figures, previous, 0);
    if (choice < 0) {
      result.unsent++;
      continue;
    }
    previous = choice;
    send(links[choice] as Simulated, choice, sequence, inFlight, nowMs);
    if (nowMs > healMs) result.carriedAfterHealing[choice] = (result.carriedAfterHealing[choice] ?? 0) + 1;
    if (wasDead(links, choice, nowMs)) result.toDeadLink++;
    sequence = (sequence + 1) & 0x7fffffff;
    if (sequence > ackedPackets) inFlight.ackedUpTo(sequence - ackedPackets);
  }
  return result;
}

function makeLink(profile: (typeof profiles)['lte'], seed: number): Simulated {
  const figures: LinkFigures = {
    usable: true,
    inFlight: 0,
    window: windowStart,
    rttMs: 2 * profile.delayMs,
    heardMs: 0,
    steadySinceMs: 0,
    nakPenalty: 0,
    stalled: false,
  };
  return { model: new LinkModel({ ...profile }, seed), figures, proofs: [], keepalives: [], downUntilMs: 0 };
}

function send(link: Simulated, index: number, sequence: number, inFlight: InFlight, nowMs: number): void {
  inFlight.sent(sequence, index);
  const arrival = link.model.enter(packetBytes, nowMs);
  if (typeof arrival === 'number') link.proofs.push({ atMs: arrival + link.model.profile.delayMs, sequence });
}

function hear(link: Simulated, index: number, inFlight: InFlight, nowMs: number): void {
  // What comes back meets the same blackout.
  const heard = nowMs >= link.downUntilMs;
  for (let first = link.proofs[0]; first !== undefined && first.atMs <= nowMs; first = link.proofs[0]) {
    link.proofs.shift();
    if (!heard) continue;
    link.figures.heardMs = nowMs;
    if (inFlight.proved(first.sequence, index)) grow(link.figures);
  }
  for (let first = link.keepalives[0]; first !== undefined && first <= nowMs; first = link.keepalives[0]) {
    link.keepalives.shift();
    if (heard) link.figures.heardMs = nowMs;
  }
}

function wasDead(links: Simulated[], choice: number, nowMs: number): boolean {
  const limit = (link: Simulated) => nowMs - link.figures.heardMs > stallMs(link.figures.rttMs) + 5;
  const chosen = links[choice] as Simulated;
  return chosen.figures.inFlight > 1 && limit(chosen) && links.some((link) => link !== chosen && !link.figures.stalled && !limit(link));
}
