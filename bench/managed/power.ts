/** Power cuts: simulated below the journal, at any operation and with torn writes; and SIGKILL of a process that writes to the real disk. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openJournal } from '../../src/control/journal.ts';
import { cutPower } from '../../src/lab/power-cuts.ts';

const writer = fileURLToPath(new URL('./journal-writer.ts', import.meta.url));

export async function power(cuts = 1000, killed = 300, seed = 1): Promise<void> {
  console.log(`power cuts, seed ${seed}: ${JSON.stringify(await cutPower(cuts, seed))}`);
  const directory = mkdtempSync(join(tmpdir(), 'tandem-journal-'));
  let [acknowledged, missing, pushedOut, unopened] = [0, 0, 0, 0];
  try {
    for (let round = 0; round < killed; round++) {
      const safe = await killedWriter(directory, round);
      const journal = openJournal(directory, () => unopened++);
      const there = new Map(journal.recent(4000).map(({ id, text }) => [id, text]));
      const [oldest = 0] = there.keys();
      for (const [id, text] of safe) {
        acknowledged++;
        // The journal is bounded: a writer that this machine let live for long has pushed its own first ones out.
        if (id < oldest) pushedOut++;
        else if (there.get(id) !== text) missing++;
      }
      await journal.close();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  console.log(
    `SIGKILL: ${killed} kills, ${acknowledged} acknowledged, ${missing} missing or changed, ${pushedOut} pushed out by newer ones, ${unopened} times not opened`,
  );
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
