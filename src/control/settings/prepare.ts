/** Asks the process that checks configurations. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Prepared, PrepareRequest } from '../../config/prepare.ts';

const script = fileURLToPath(new URL('../../config/prepare-process.ts', import.meta.url));
/** On a small board under load; whoever waits longer has a process that hangs. */
const answerMsMax = 20_000;
/** It takes a processor for a second or two: the program goes before. */
const niceness = 5;

/** Never rejects. */
export async function askPrepare(configFile: string, request: Omit<PrepareRequest, 'file'>): Promise<Prepared> {
  try {
    const file = await readFile(configFile, 'utf8');
    return JSON.parse(await run(JSON.stringify({ ...request, file }))) as Prepared;
  } catch (error) {
    return { ok: false, mistakes: [{ path: '', text: `it could not be checked: ${(error as Error).message.slice(0, 200)}` }] };
  }
}

function run(input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'ignore'], timeout: answerMsMax, killSignal: 'SIGKILL' });
    if (child.pid !== undefined) setPriority(child.pid, niceness);
    let answer = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
    });
    child.on('error', reject);
    // A child that is gone before it has read everything: its exit says enough.
    child.stdin.on('error', () => undefined);
    child.on('close', (code, signal) => (code === 0 ? resolve(answer) : reject(new Error(`the check ended with ${signal ?? code}`))));
    child.stdin.end(input);
  });
}
