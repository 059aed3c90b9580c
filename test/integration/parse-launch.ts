/**
 * Parses launch lines as a worker does, without playing them, in a process of its own.
 * Standard input: JSON, a list of `{launch, read: [element, property] | null}`; standard output: for each, `{error}` or `{value}`.
 */
import { readFileSync, writeSync } from 'node:fs';
import { loadGStreamer } from '../../src/inputs/worker/gstreamer.ts';

const { Pipeline } = loadGStreamer();
const asked = JSON.parse(readFileSync(0, 'utf8')) as { launch: string; read: [string, string] | null }[];
const answers = asked.map(({ launch, read }) => {
  try {
    const pipeline = new Pipeline(launch);
    return { value: read === null ? null : (pipeline.findChild(read[0])?.[read[1]] ?? null) };
  } catch (error) {
    return { error: (error as Error).message };
  }
});
writeSync(1, `\n${JSON.stringify(answers)}\n`);
