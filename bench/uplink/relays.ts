/** What a relay costs that gives each packet a callback, and one that moves them in batches: the same packets, from one process to another on loopback. */
import { fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { fileURLToPath } from 'node:url';

const payloadBytes = 1332;
const seconds = 20;
const turnMs = 2;
const kinds = ['callbacks', 'batches'] as const;
const median = (numbers: number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

/** Prints CPU seconds a minute of each kind at 4 and 10 Mbit/s. */
export async function benchRelays(runs: number): Promise<void> {
  console.log('\n| relay, CPU s/min: median (each run) | 4 Mbit/s | 10 Mbit/s |\n|---|---|---|');
  for (const kind of kinds) {
    const cells: string[] = [];
    for (const kbps of [4000, 10_000]) {
      const found: number[] = [];
      for (let run = 0; run < runs; run++) found.push(await cost(kind, kbps));
      cells.push(`${median(found).toFixed(2)} (${found.map((one) => one.toFixed(2)).join(', ')})`);
    }
    console.log(`| ${kind} | ${cells.join(' | ')} |`);
  }
}

/** CPU seconds a minute of one relay process. */
async function cost(kind: (typeof kinds)[number], kbps: number): Promise<number> {
  const sink = createSocket('udp4');
  await new Promise<void>((resolve) => sink.bind(0, '127.0.0.1', resolve));
  const relay = fork(fileURLToPath(new URL('./relay-process.ts', import.meta.url)), [kind, String(sink.address().port)]);
  const port = await new Promise<number>((resolve) => relay.once('message', (message) => resolve(message as number)));
  const source = createSocket('udp4');
  const packet = Buffer.alloc(payloadBytes);
  let owed = 0;
  const timer = setInterval(() => {
    for (owed += (kbps / 8) * turnMs; owed >= payloadBytes; owed -= payloadBytes) source.send(packet, port, '127.0.0.1');
  }, turnMs);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  clearInterval(timer);
  const used = await new Promise<{ cpuSeconds: number; packets: number }>((resolve) => {
    relay.once('message', (message) => resolve(message as { cpuSeconds: number; packets: number }));
    relay.send('report');
  });
  relay.kill('SIGKILL');
  source.close();
  sink.close();
  // Timers come late on a busy machine: the cost is that of the packets that were really sent.
  const wanted = (kbps * 1000 * 60) / 8 / payloadBytes;
  return (used.cpuSeconds / Math.max(1, used.packets)) * wanted;
}
