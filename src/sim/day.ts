/** Days of simulated time: links flap, get other addresses and use up their allowances, each by its own seeded chance. What must always hold is checked each second. */
import { profiles } from '../lab/emulator/profiles.ts';
import { seededRandom } from '../lab/random.ts';
import { AllowanceMeter } from '../uplink/allowance.ts';
import { linksMax } from '../uplink/srtla/packets.ts';
import type { Bond } from '../uplink/srtla/scheduler.ts';
import { simulateUplink, type UplinkResult, type UplinkScenario } from './uplink.ts';

export interface DayResult extends UplinkResult {
  violations: string[];
  flaps: number;
  addresses: number;
  /** Times that a path was stopped since its data was used up. */
  stops: number;
  /** In use after the first tenth and at the end, after a collection where the process allows one. */
  heapMb: number[];
}

const checkEveryMs = 1000;
/** A link is down for so long at most, and only one of them at a time: what the latency and the other link cover must lose nothing. */
const downMsMax = 20_000;
const flapEveryMs = 60_000;
const addressEveryMs = 300_000;
/** A new address is registered again within this. */
const registeringMs = 150;
/** A month passes in two hours, so that allowances end and begin again several times a day. */
const monthMs = 7_200_000;
const allowanceBytes = 100_000_000;

export function simulateDay(seed: number, hours: number, kbps = 1000): DayResult {
  const random = seededRandom(seed);
  const seconds = hours * 3600;
  const changes: NonNullable<UplinkScenario['changes']> = [];
  let flaps = 0;
  for (let atMs = 10_000; atMs < seconds * 1000 - 2 * downMsMax; atMs += downMsMax + 5000 + random() * flapEveryMs) {
    const link = random() < 0.5 ? 0 : 1;
    const ms = Math.round(random() * downMsMax);
    changes.push({ atMs: Math.round(atMs), link, patch: { down: true } }, { atMs: Math.round(atMs) + ms, link, patch: { down: false } });
    flaps++;
  }
  const keeper = new Keeper(random);
  const scenario = { seed, seconds, latencyMs: 1000, kbps, links: [{ profile: profiles.ethernet }, { profile: profiles.lte }], changes, bursts: true };
  const result = simulateUplink({
    ...scenario,
    adapt: (bond, now, nowMs) => {
      keeper.turn(bond, nowMs);
      if (nowMs === 0.1 * seconds * 1000) keeper.weigh();
      return now;
    },
  });
  keeper.weigh();
  const { violations, addresses, stops, heapMb } = keeper;
  if (result.misused > 0) violations.push(`${result.misused} packets were put on links that may not be used`);
  return { ...result, violations, flaps, addresses, stops, heapMb };
}

class Keeper {
  readonly violations: string[] = [];
  readonly heapMb: number[] = [];
  addresses = 0;
  stops = 0;
  readonly #random: () => number;
  /** Of the mobile path: Ethernet has none. */
  readonly #meter = new AllowanceMeter({ bytes: allowanceBytes, warnPct: 80 });
  #addressAtMs = addressEveryMs;
  readonly #backAtMs: (number | null)[] = [null, null];
  #stopped = false;

  constructor(random: () => number) {
    this.#random = random;
  }

  weigh(): void {
    globalThis.gc?.();
    this.heapMb.push(Math.round(process.memoryUsage().heapUsed / 1e5) / 10);
  }

  turn(bond: Bond, nowMs: number): void {
    this.#backAtMs.forEach((atMs, link) => {
      if (atMs === null || nowMs < atMs) return;
      this.#backAtMs[link] = null;
      if (!(this.#stopped && link === 1)) bond.carriers[link]?.accepted(nowMs);
    });
    if (nowMs >= this.#addressAtMs) {
      this.#addressAtMs = nowMs + this.#random() * 2 * addressEveryMs;
      this.#fall(bond, this.#random() < 0.5 ? 0 : 1, nowMs);
      this.addresses++;
    }
    if (nowMs % checkEveryMs !== 0) return;
    this.#count(bond, nowMs);
    this.#check(bond, nowMs);
  }

  #fall(bond: Bond, link: number, nowMs: number): void {
    const carrier = bond.carriers[link];
    if (carrier === undefined) return;
    carrier.usable = false;
    bond.fell(link, nowMs);
    this.#backAtMs[link] = nowMs + registeringMs;
  }

  #count(bond: Bond, nowMs: number): void {
    const month = String(Math.floor(nowMs / monthMs)).padStart(4, '0');
    const change = this.#meter.count((bond.carriers[1]?.sentPackets ?? 0) * 1332, month);
    const stopped = this.#meter.state === 'used';
    if (change === null || stopped === this.#stopped) return;
    this.#stopped = stopped;
    this.#fall(bond, 1, nowMs);
    if (!stopped) return;
    this.stops++;
    this.#backAtMs[1] = null;
  }

  #check({ packets, carriers, backlogPackets }: Bond, nowMs: number): void {
    const say = (what: string) => this.violations.length < 20 && this.violations.push(`${nowMs}: ${what}`);
    for (let link = 0; link < linksMax; link++) {
      let count = 0;
      for (let slot = 0; slot < packets.slots; slot++) if ((packets.underWay(slot) & (1 << link)) !== 0) count++;
      if (count !== packets.inFlight[link]) say(`link ${link} carries ${count} packets and counts ${packets.inFlight[link]}`);
      if ((packets.inFlightBytes[link] as number) < 0) say(`link ${link} carries less than nothing`);
    }
    if (packets.openBytes < 0) say('less than nothing is open');
    if (backlogPackets > 2 * packets.slots) say(`${backlogPackets} packets wait`);
    for (const { capacity } of carriers) if (!(capacity.kbps >= 0 && capacity.kbps < 1e6)) say(`a link of ${capacity.kbps} kbit/s`);
  }
}
