/**
 * Two connections of one box, told payload by payload: when each hands what out. In milliseconds: a payload each seven, as with 1500 kbit/s, and the way
 * of each connection from being sent to being handed out, SRT's latency left aside.
 */
import { describe, expect, it } from 'vitest';
import { program } from '../lab/made-program.ts';
import { seededRandom } from '../lab/random.ts';
import { Join, type Member, type Verdict } from './join.ts';

const everyMs = 7;
const [ethMs, lteMs] = [20, 50];
const latencyMs = 1000;

/** A packet with a clock reference and nothing else, alone in its payload, as between slow pictures. */
function reference(n: number): Buffer {
  const bytes = Buffer.alloc(188, 0xff);
  bytes.writeUInt32BE(0x4701_0020, 0);
  bytes.writeUInt16BE(0xb710, 4);
  bytes.writeUInt32BE(n * 1800, 6);
  bytes.writeUInt16BE(0x7e00, 10);
  return bytes;
}

/** Filler of a constant bitrate: only the continuity counters differ, and come again. */
function filler(n: number): Buffer {
  const bytes = Buffer.alloc(1316, 0xff);
  for (let packet = 0; packet < 7; packet++) bytes.writeUInt32BE(0x4701_0010 | ((7 * n + packet) & 0x0f), 188 * packet);
  return bytes;
}

/** The tables, alone in their payload: the same again after 16. */
function tables(n: number): Buffer {
  const bytes = Buffer.alloc(376, 0xff);
  bytes.writeUIntBE(0x47_4000_10_0000 + ((n & 0x0f) << 16), 0, 6);
  bytes.writeUIntBE(0x47_5000_10_0002 + ((n & 0x0f) << 16), 188, 6);
  return bytes;
}

interface Arrival {
  atMs: number;
  from: string;
  n: number;
  holed: boolean;
}

/** Numbers `first` to `last` over one connection, each at its time and after its way; none before `notBeforeMs`. `lost`: these do not come. */
function sent(from: string, wayMs: number, first: number, last: number, { lost = [] as number[], notBeforeMs = 0 } = {}): Arrival[] {
  const all: Arrival[] = [];
  for (let n = first; n <= last; n++)
    if (!lost.includes(n)) all.push({ atMs: Math.max(notBeforeMs, n * everyMs + wayMs), from, n, holed: lost.includes(n - 1) });
  return all;
}

/** What goes out, as numbers of the payloads, and what is said of the senders. `order`: in which they called. */
function play(
  payloads: readonly Buffer[],
  order: readonly string[],
  arrivals: readonly Arrival[],
): { out: number[]; verdicts: Verdict[]; longestGapMs: number } {
  const out: number[] = [];
  let [outMs, longestGapMs, nowMs] = [Number.NaN, 0, 0];
  const join = new Join((bytes, offset, length) => {
    // Of payloads with the same bytes the next one is meant.
    const is = (payload: Buffer) => payload.equals(bytes.subarray(offset, offset + length));
    const next = (out.at(-1) ?? -1) + 1;
    out.push(payloads[next] !== undefined && is(payloads[next]) ? next : payloads.findIndex(is));
    if (nowMs - outMs > longestGapMs) longestGapMs = nowMs - outMs;
    outMs = nowMs;
  });
  const members = new Map<string, Member>(order.map((name) => [name, join.add(name, latencyMs, -latencyMs)]));
  const verdicts: Verdict[] = [];
  const waiting = [...arrivals].sort((a, b) => a.atMs - b.atMs);
  const end = (waiting.at(-1)?.atMs ?? 0) + 400;
  for (nowMs = 0; nowMs <= end; nowMs += 2) {
    const due = waiting.splice(0, waiting.findIndex(({ atMs }) => atMs > nowMs) < 0 ? waiting.length : waiting.findIndex(({ atMs }) => atMs > nowMs));
    const leader = join.leader?.peer;
    for (const { from, n, holed } of [...due.filter((one) => one.from === leader), ...due.filter((one) => one.from !== leader)]) {
      const payload = payloads[n] as Buffer;
      join.bring(members.get(from) as Member, payload, 0, payload.length, nowMs, holed);
    }
    const verdict = join.judge(nowMs);
    if (verdict !== null) verdicts.push(verdict);
    if (verdict?.kind === 'stranger') join.remove(verdict.member);
  }
  return { out, verdicts, longestGapMs };
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('a program that goes over from one connection to another', () => {
  it('loses nothing, whichever of the two is behind, and by how much', () => {
    const payloads = program(1, 400);
    for (const wayMs of [-500, -30, 0, 30, 500]) {
      const { out } = play(payloads, ['a', 'b'], [...sent('a', 600, 0, 199), ...sent('b', 600 + wayMs, 200, 399)]);
      expect(out).toEqual(numbers(0, 399));
    }
  });

  it('and has sent the last ones over both, as one that cannot know what has arrived', () => {
    const payloads = program(2, 400);
    const { out } = play(payloads, ['eth', 'lte'], [...sent('eth', ethMs, 0, 199), ...sent('lte', lteMs, 180, 399, { notBeforeMs: 205 * everyMs + lteMs })]);
    expect(out).toEqual(numbers(0, 399));
  });

  it('and comes back before the first one was missed: what the other one brought meanwhile is not thrown away', () => {
    const payloads = program(3, 400);
    const { out } = play(payloads, ['eth', 'lte'], [...sent('eth', ethMs, 0, 99), ...sent('lte', lteMs, 95, 118), ...sent('eth', ethMs, 115, 399)]);
    expect(out).toEqual(numbers(0, 399));
  });
});

describe('a connection that dies with a hole in what it delivered', () => {
  it('is made good by what is sent again over the other one, in its time', () => {
    const payloads = program(4, 400);
    const lte = sent('lte', lteMs, 0, 199, { lost: [150, 170] });
    const eth = sent('eth', ethMs, 150, 399);
    expect(play(payloads, ['lte', 'eth'], [...lte, ...eth]).out).toEqual(numbers(0, 399));
  });

  it('is waited for, where the other one is a little behind', () => {
    const payloads = program(5, 400);
    const eth = sent('eth', ethMs, 0, 199, { lost: [190, 196] });
    const lte = sent('lte', lteMs, 190, 399);
    expect(play(payloads, ['eth', 'lte'], [...eth, ...lte]).out).toEqual(numbers(0, 399));
  });

  it('is waited for too where tables come right after the hole, and what is too late all the same stays away', () => {
    const payloads = program(13, 400).map((payload, n) => (n === 191 ? tables(3) : payload));
    const eth = sent('eth', ethMs, 0, 199, { lost: [190] });
    for (const [wayMs, missing] of [
      [lteMs, []],
      [ethMs, []],
      [ethMs + 150, [190]],
    ] as const)
      expect(play(payloads, ['eth', 'lte'], [...eth, ...sent('lte', wayMs, 188, 399)]).out).toEqual(
        numbers(0, 399).filter((n) => !missing.includes(n as never)),
      );
  });

  it('while both have the program is made good whichever leads', () => {
    const payloads = program(6, 400);
    for (const [one, other] of [
      [lteMs, ethMs],
      [ethMs, lteMs],
    ] as const) {
      const leads = sent('a', one, 0, 399, { lost: [100, 101, 250] });
      const follows = sent('b', other, 20, 399, { lost: [50, 180, 300] });
      expect(play(payloads, ['a', 'b'], [...leads, ...follows]).out).toEqual(numbers(0, 399));
    }
  });

  it('and nobody else has it either is not waited for longer than a player notices', () => {
    const payloads = program(7, 400);
    const { out, longestGapMs } = play(payloads, ['eth', 'lte'], sent('eth', ethMs, 0, 399, { lost: [200] }));
    expect(out).toEqual(numbers(0, 399).filter((n) => n !== 200));
    expect(longestGapMs).toBeLessThan(130);
  });
});

describe('payloads that are alike', () => {
  it('such as clock references do not make a connection throw away what it holds', () => {
    const payloads = program(8, 600).map((payload, n) => (n % 60 === 10 ? reference(n) : payload));
    // It came later, and is ahead of the one that leads, which dies.
    const { out } = play(payloads, ['lte', 'eth'], [...sent('lte', lteMs, 0, 299), ...sent('eth', ethMs, 20, 599)]);
    expect(out).toEqual(numbers(0, 599));
  });

  it('such as tables are all given out, when the one goes on where the other stops', () => {
    const payloads = program(12, 600).map((payload, n) => (n % 10 === 4 ? tables(n / 10) : payload));
    expect(play(payloads, ['lte', 'eth'], [...sent('lte', lteMs, 0, 299), ...sent('eth', ethMs, 300, 599)]).out).toEqual(numbers(0, 599));
  });

  it('byte for byte, as filler is, are told apart by their place', () => {
    const payloads = program(9, 600).map((payload, n) => (n % 150 > 4 && n % 150 < 30 ? filler(n % 150) : payload));
    for (const [one, other] of [
      [lteMs, ethMs],
      [ethMs, lteMs],
    ] as const) {
      const { out } = play(payloads, ['a', 'b'], [...sent('a', one, 0, 299), ...sent('b', other, 35, 599)]);
      expect(out).toEqual(numbers(0, 599));
    }
  });
});

it('of two connections that lose by turns, with tables, references and filler among what they bring, everything comes out once, in order (40 seeds)', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const below = (limit: number) => Math.floor(random() * limit);
    const payloads = program(seed, 900).map((payload, n) =>
      n % 14 === 9 ? tables(n / 14) : n % 6 === 2 ? reference(n) : n % 200 > 160 ? filler(n % 200) : payload,
    );
    const lost: Record<'a' | 'b', number[]> = { a: [], b: [] };
    for (let n = 100 + below(50); n < 800; n += 30 + below(60)) lost[random() < 0.5 ? 'a' : 'b'].push(...numbers(n, n + below(5)));
    const [aMs, bMs] = [below(90), below(90)];
    const ends = 820 + below(40);
    const arrivals = [...sent('a', aMs, 0, ends, { lost: lost.a }), ...sent('b', bMs, 15, 899, { lost: lost.b })];
    expect({ seed, out: play(payloads, ['a', 'b'], arrivals).out }).toEqual({ seed, out: numbers(0, 899) });
  }
});

describe('a sender beside the one that leads', () => {
  it('does not take over with what came too late from it, when all pause', () => {
    const payloads = program(10, 400);
    const pauseMs = 400;
    const tail = [{ atMs: 1100, from: 'lte', n: 99, holed: false }];
    const arrivals = [...sent('lte', lteMs, 0, 98), ...sent('eth', ethMs, 100, 199), ...tail, ...sent('eth', ethMs + pauseMs, 200, 399)];
    const { out, verdicts } = play(payloads, ['lte', 'eth'], arrivals);
    expect(out).toEqual(numbers(0, 399).filter((n) => n !== 99));
    expect(verdicts).toHaveLength(1);
  });

  it('is refused when it goes on with another program, and not for a few payloads that nobody needed', () => {
    const payloads = program(11, 2000);
    const few = play(payloads, ['eth', 'lte'], [...sent('eth', ethMs, 0, 1499), ...sent('lte', lteMs, 1500, 1510, { notBeforeMs: 700 })]);
    expect(few.verdicts.filter(({ kind }) => kind === 'stranger')).toEqual([]);
    const strange = sent('other', ethMs, 1000, 1999).map((one) => ({ ...one, atMs: one.atMs - 1000 * everyMs }));
    const { out, verdicts } = play(payloads, ['eth', 'other'], [...sent('eth', ethMs, 0, 999), ...strange]);
    expect(verdicts.map(({ kind, member }) => [kind, member.peer])).toEqual([['stranger', 'other']]);
    expect(out).toEqual(numbers(0, 999));
    // Two programs with the same sound.
    const alike = payloads.map((payload, n) => (n >= 1000 && n % 10 === 0 ? (payloads[n - 1000] as Buffer) : payload));
    for (const wayMs of [0, 60]) {
      const late = strange.map((one) => ({ ...one, atMs: one.atMs + wayMs }));
      const sound = play(alike, ['eth', 'other'], [...sent('eth', ethMs, 0, 999), ...late]);
      expect(sound.verdicts.map(({ kind }) => kind)).toEqual(['stranger']);
    }
  });
});
