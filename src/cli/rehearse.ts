/** `tandem rehearse`: breaks things on purpose, tells how it goes, and ends with the report. */
import { MediaClient } from '../media-client/client.ts';
import type { Command } from '../model/command.ts';
import type { TandemEvent } from '../model/event.ts';
import { exitCode, FatalError } from '../model/exit.ts';
import type { RehearsalReport } from '../model/rehearsal.ts';
import { phrasesAllowed, readPhrase } from '../rehearsal/phrases.ts';
import { sayReport } from '../rehearsal/verdict.ts';
import { untilSignal } from '../signals.ts';

const answerMsMax = 3000;
/** All is put back at once; what is left is to write it down. */
const stopMsMax = 3000;

/** `words`: `all`, `stop`, or phrases with commas between them. @throws FatalError (usage) that says what is allowed. */
export function readWords(words: readonly string[], force: boolean): Extract<Command, { name: 'rehearse' | 'stop-rehearsal' }> {
  const text = words.join(' ').trim();
  const forced = force ? { force } : {};
  if (text === 'stop') return { name: 'stop-rehearsal' };
  if (text === '' || text === 'all') return { name: 'rehearse', script: text === '' ? 'short' : 'all', ...forced };
  const faults = text.split(',').map((phrase) => {
    const fault = readPhrase(phrase);
    if (fault === null) throw new FatalError(exitCode.usage, `cannot read “${phrase.trim()}”: say all, stop, or with commas between them ${phrasesAllowed}`);
    return fault;
  });
  return { name: 'rehearse', faults, ...forced };
}

/** Ends with 0 only when no viewer noticed. @throws FatalError when no media daemon answers on `socket`. */
export async function rehearse(socket: string, words: readonly string[], { json, force }: { json?: boolean; force?: boolean }): Promise<number> {
  const command = readWords(words, force ?? false);
  const connected = Promise.withResolvers<void>();
  const over = Promise.withResolvers<RehearsalReport | null>();
  let id = '';
  const early: RehearsalReport[] = [];
  const client = new MediaClient({
    path: socket,
    statusEveryMs: 1000,
    onStatus: () => undefined,
    onEvent: (event) => (json ? undefined : tell(event)),
    onState: (is) => (is ? connected.resolve() : over.resolve(null)),
    onReport: (report) => (report.id === id ? over.resolve(report) : early.push(report)),
  });
  client.start();
  const silent = setTimeout(() => connected.reject(new FatalError(exitCode.unavailable, `no media daemon answers on ${socket}`)), answerMsMax);
  try {
    await connected.promise;
    clearTimeout(silent);
    const reply = await client.command(command, 'command line');
    if (!reply.ok || command.name === 'stop-rehearsal') {
      process.stdout.write(json ? `${JSON.stringify(reply)}\n` : `${reply.text}\n`);
      return reply.ok ? exitCode.ok : reply.reason === 'invalid' ? exitCode.usage : exitCode.failure;
    }
    id = reply.rehearsal ?? '';
    if (!json) process.stdout.write(`${reply.text}\n`);
    const there = early.find((report) => report.id === id);
    if (there !== undefined) over.resolve(there);
    const report = (await Promise.race([over.promise, untilSignal()])) as RehearsalReport | null | NodeJS.Signals;
    return show(typeof report === 'string' ? await stopped(client, over.promise) : report, json ?? false);
  } finally {
    clearTimeout(silent);
    client.stop();
  }
}

async function stopped(client: MediaClient, over: Promise<RehearsalReport | null>): Promise<RehearsalReport | null> {
  await client.command({ name: 'stop-rehearsal' }, 'command line');
  return Promise.race([over, new Promise<null>((resolve) => setTimeout(resolve, stopMsMax, null))]);
}

function show(report: RehearsalReport | null, json: boolean): number {
  if (report === null) throw new FatalError(exitCode.unavailable, 'the media daemon ended: there is no report, and nothing is broken any more');
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : `\n${sayReport(report)}\n`);
  return report.verdict === 'passed' ? exitCode.ok : exitCode.failure;
}

function tell({ subject, text }: TandemEvent): void {
  if (subject.kind === 'rehearsal') process.stdout.write(`  ${text}\n`);
}
