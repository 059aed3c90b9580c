/** Cuts the power of a journal again and again, at any operation of its disk, and looks whether all that it acknowledged is there. */
import { openJournal } from '../control/journal.ts';
import { notice, type TandemEvent } from '../model/event.ts';
import { FailingDisk } from './failing-disk.ts';
import { seededRandom } from './random.ts';

export interface PowerCutFigures {
  cuts: number;
  /** Events that the journal gave out as safe. */
  acknowledged: number;
  missing: number;
  /** An event that is not what it was when it was acknowledged. */
  changed: number;
  /** Ids that were given to two acknowledged events. */
  twice: number;
  /** Consumers whose cursor stood beyond what there was. */
  beyond: number;
}

/** More than this is not looked for: the journal is bounded, and large events push small ones out. */
const lookedForMax = 500;

export async function cutPower(cuts: number, seed: number): Promise<PowerCutFigures> {
  const random = seededRandom(seed);
  const below = (end: number) => Math.floor(random() * end);
  const disk = new FailingDisk(seed + 1);
  const figures: PowerCutFigures = { cuts: 0, acknowledged: 0, missing: 0, changed: 0, twice: 0, beyond: 0 };
  const acknowledged = new Map<number, string>();
  for (; figures.cuts < cuts; figures.cuts++) {
    const journal = openJournal('/journal', () => undefined, disk);
    check(journal.recent(lookedForMax * 2), acknowledged, figures);
    if (journal.cursor('mqtt') > journal.readyId) figures.beyond++;
    await runUntilCut(disk, below, figures, acknowledged, journal, `run${figures.cuts}`);
    disk.restore();
    for (const id of acknowledged.keys()) if (acknowledged.size > lookedForMax) acknowledged.delete(id);
  }
  return figures;
}

function check(there: { id: number; text: string }[], acknowledged: ReadonlyMap<number, string>, figures: PowerCutFigures): void {
  const texts = new Map(there.map(({ id, text }) => [id, text]));
  for (const [id, text] of acknowledged) {
    if (!texts.has(id)) figures.missing++;
    else if (texts.get(id) !== text) figures.changed++;
  }
}

async function runUntilCut(
  disk: FailingDisk,
  below: (end: number) => number,
  figures: PowerCutFigures,
  acknowledged: Map<number, string>,
  journal: ReturnType<typeof openJournal>,
  session: string,
): Promise<void> {
  let dead = false;
  let taken = journal.readyId;
  journal.subscribe((one) => {
    if (one !== null || dead) return;
    for (const { id, text } of journal.after(taken, 1000)) {
      if (id > journal.readyId) break;
      if (acknowledged.has(id)) figures.twice++;
      acknowledged.set(id, text);
      figures.acknowledged++;
      taken = id;
      journal.advance('mqtt', id);
    }
  });
  const cut = new Promise<void>((resolve) => {
    disk.onPowerCut = () => {
      dead = true;
      resolve();
    };
  });
  disk.cutAfter(below(60));
  let seq = 0;
  while (!dead) {
    for (let burst = below(5); burst >= 0; burst--) journal.append(eventOf(session, ++seq, 'x'.repeat(below(3000))), 'media');
    for (let turns = below(4); turns >= 0 && !dead; turns--) await new Promise((resolve) => setImmediate(resolve));
  }
  await cut;
}

/** An event that says its own session and number, as long as `filling` makes it. */
export function eventOf(session: string, seq: number, filling: string): TandemEvent {
  const text = `${session} ${seq} ${filling}`;
  return {
    ...notice({ severity: 'info', subject: { kind: 'path', id: 'eth' }, what: 'path.state', reason: 'recovered', text }),
    seq,
    session,
    bootId: 'b',
    monoMs: seq,
    wallMs: null,
  };
}
