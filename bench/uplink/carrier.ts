/** The cable pulled: a real interface goes down in a network namespace, the whole media daemon sends, our gateway receives. */
import { measureMode } from '../modes/measure.ts';

const darkSeconds = 10;
const latencyMs = 1000;

/** Prints what was found; returns how many bars were missed. */
export async function benchCarrier(runs: number, seed: number): Promise<number> {
  if (process.getuid?.() !== 0) {
    console.log('\ncarrier pulled: skipped, network namespaces need root');
    return 0;
  }
  const lost: number[] = [];
  const verdicts: string[] = [];
  for (let run = 0; run < runs; run++) {
    const found = await measureMode({ mode: 'bonded', latencyMs, seed: seed + run, fault: 'carrier', darkSeconds, spare: 'cold', delayMs: null });
    lost.push(found.lost);
    verdicts.push(found.verdictMs === null ? '–' : String(found.verdictMs));
  }
  const median = lost.toSorted((a, b) => a - b)[lost.length >> 1] ?? Number.NaN;
  console.log(
    `\ncarrier pulled for ${darkSeconds} s, bonded, ${latencyMs} ms, interfaces in namespaces: ${median} (${lost.join(', ')}) pictures lost, told after ${verdicts.join(', ')} ms: ${median === 0 ? 'met' : 'MISSED'}`,
  );
  return median === 0 ? 0 : 1;
}
