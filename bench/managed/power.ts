/** Power cuts: simulated below the journal, at any operation and with torn writes; and SIGKILL of a process that writes to the real disk. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileBytesMax, keptEvents, openJournal } from '../../src/control/journal.ts';
import { cutPower } from '../../src/lab/power-cuts.ts';
import type { JournaledEvent } from '../../src/model/box.ts';

const writer = fileURLToPath(new URL('./journal-writer.ts', import.meta.url));

export async function power(cuts = 1000, killed = 300, seed = 1): Promise<void> {
  if (cuts > 0) console.log(`power cuts, seed ${seed}: ${JSON.stringify(await cutPower(cuts, seed))}`);
  const directory = mkdtempSync(join(tmpdir(), 'tandem-journal-'));
  const seen = new Acknowledged();
  let [acknowledged, unopened] = [0, 0];
  try {
    for (let round = 0; round < killed; round++) {
      const safe = await killedWriter(directory, round);
      acknowledged += safe.length;
      const journal = openJournal(directory, () => unopened++);
      seen.check(safe, journal.recent(keptEvents));
      await journal.close();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const { looks, missing, changed, pushedOut, byTheirOwn, least } = seen;
  console.log(
    `SIGKILL: ${killed} kills, ${acknowledged} acknowledged and looked for after each kill (${looks} looks): ${missing} missing, ${changed} changed; ` +
      `${pushedOut} pushed out by newer ones (${byTheirOwn} by those of the same writer), each by at least ${least === Number.POSITIVE_INFINITY ? '–' : (least / 1e6).toFixed(2)} MB of them (bound: ${fileBytesMax / 1e6} MB); ${unopened} times not opened`,
  );
}

/** All that was said to be safe, oldest first, until the journal's bound has pushed it out. */
class Acknowledged {
  looks = 0;
  missing = 0;
  changed = 0;
  pushedOut = 0;
  /** Of them, before the writer that wrote them was killed. */
  byTheirOwn = 0;
  /** Bytes of newer events of what was pushed out, at least. */
  least = Number.POSITIVE_INFINITY;
  #all: { id: number; text: string }[] = [];

  /** @param there what the journal has, oldest first. */
  check(more: readonly [number, string][], there: readonly JournaledEvent[]): void {
    for (const [id, text] of more) this.#all.push({ id, text });
    const texts = new Map(there.map(({ id, text }) => [id, text]));
    const firstOfThese = more[0]?.[0] ?? Number.POSITIVE_INFINITY;
    const oldest = there[0]?.id ?? 0;
    const bytes = there.reduce((sum, event) => sum + Buffer.byteLength(JSON.stringify(event)) + 1, 0);
    this.#all = this.#all.filter(({ id, text }) => {
      this.looks++;
      if (id >= oldest) {
        if (!texts.has(id)) this.missing++;
        else if (texts.get(id) !== text) this.changed++;
        return texts.has(id);
      }
      // Older than the oldest: by right only where newer ones have filled what the journal may take.
      if (bytes < fileBytesMax && there.length < keptEvents) this.missing++;
      else {
        this.pushedOut++;
        if (id >= firstOfThese) this.byTheirOwn++;
        this.least = Math.min(this.least, bytes);
      }
      return false;
    });
  }
}

/** Lets it write for a moment; returns what it said is safe. */
function killedWriter(directory: string, round: number): Promise<[number, string][]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [writer, directory, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (said === '') setTimeout(() => child.kill('SIGKILL'), Math.random() * 60);
      said += text;
    });
    child.on('error', reject);
    // The last line may be half of one.
    child.on('close', () =>
      resolve(
        said
          .split('\n')
          .slice(0, -1)
          .map((line) => [Number(line.split('\t')[0]), line.split('\t')[1] ?? '']),
      ),
    );
  });
}
