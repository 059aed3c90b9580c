/** The rows that take minutes: a source that flaps, all inputs dead, and hundreds of kills and stalls at random. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monoMs } from '../../src/clock.ts';
import { freeUdpPort } from '../../src/demo/free-port.ts';
import type { DemoRun } from '../../src/demo/run.ts';
import { CameraProcess } from '../../src/lab/camera/process.ts';
import { seededRandom } from '../../src/lab/random.ts';
import { isRandomAccess, packetBytes, pidOf, startsUnit } from '../../src/switcher/mpegts/packet.ts';
import { videoPid } from '../../src/switcher/multiplex.ts';
import { settleMs, signalWorker, switches, untilOnAir, wait, withChain } from './chain.ts';

/** Prints what a row found. @returns how many bars were not met. */
function verdict(name: string, text: string, failures: (string | false)[]): number {
  const missed = failures.filter((one) => one !== false);
  console.log(`${name}\n  ${text}\n  ${missed.length === 0 ? 'met' : `NOT MET: ${missed.join(', ')}`}`);
  return missed.length;
}

interface Cameras {
  cameras: CameraProcess[];
  ports: number[];
}

async function startCameras(count: number): Promise<Cameras> {
  const cameras: CameraProcess[] = [];
  const ports: number[] = [];
  for (let i = 0; i < count; i++) {
    const camera = new CameraProcess();
    const port = await freeUdpPort();
    await camera.start({ host: '127.0.0.1', port });
    cameras.push(camera);
    ports.push(port);
  }
  return { cameras, ports };
}

const flapMs = 3000;
const flapHoldDownMs = 500;

/**
 * Down for half of each three seconds, up for the other half. The hold-down doubles with each failure (500, 1000, 2000 ms): after the third
 * the source is never up for long enough, so that there are three departures and two returns, and no more, however long it goes on.
 */
export async function measureFlapping(seed: number, seconds: number): Promise<number> {
  const upMs = flapMs / 2;
  const returns = Math.floor(Math.log2(upMs / flapHoldDownMs)) + 1;
  const switchesMax = 2 * returns + 1;
  const { cameras, ports } = await startCameras(1);
  const [camera] = cameras as [CameraProcess];
  try {
    const inputs = [
      { id: 'main', kind: 'udp' as const, host: '127.0.0.1', port: ports[0] as number },
      { id: 'spare', kind: 'test' as const, pattern: 'ball' as const },
    ];
    return await withChain({ inputs, seed, switching: { holdDownMs: flapHoldDownMs } }, async (run) => {
      await untilOnAir(run, 'main', 60_000);
      await wait(settleMs);
      await run.seen();
      const sinceMs = monoMs();
      for (let at = 0; at < seconds * 1000; at += flapMs) {
        camera.signal('SIGSTOP');
        await wait(flapMs - upMs);
        camera.signal('SIGCONT');
        await wait(upMs);
      }
      await wait(settleMs);
      const seen = await run.seen();
      const made = switches(run, sinceMs);
      return verdict(
        `the primary flaps every ${flapMs / 1000} s for ${seconds} s`,
        `${made.length} switches, bar ${switchesMax} (hold-down ${flapHoldDownMs} ms doubles at each failure; up for ${upMs} ms at a time): ${made.map(({ from, to, reason }) => `${from} → ${to} ${reason}`).join(', ')}; ${seen.continuityErrors} continuity errors, ${seen.ptsJumps} PTS and ${seen.pcrJumps} PCR jumps, longest gap ${seen.longestGapMs} ms`,
        [
          made.length > switchesMax && 'switches',
          made.length === 0 && 'it was never left',
          seen.continuityErrors > 0 && 'continuity errors',
          seen.ptsJumps + seen.pcrJumps > 0 && 'time stamps',
        ],
      );
    });
  } finally {
    for (const one of cameras) await one.stop();
  }
}

/** Both sources are killed for good; the slate stands in for `seconds`, and then they come back. */
export async function measureDark(seed: number, seconds: number): Promise<number> {
  const { cameras, ports } = await startCameras(2);
  try {
    const inputs = ['main', 'spare'].map((id, index) => ({ id, kind: 'udp' as const, host: '127.0.0.1', port: ports[index] as number }));
    return await withChain({ inputs, seed }, async (run) => {
      await untilOnAir(run, 'main', 60_000);
      await wait(settleMs);
      await run.seen();
      const sinceMs = monoMs();
      for (const camera of cameras) await camera.stop();
      await wait(5000);
      const slateMs = switches(run, sinceMs).find(({ to }) => to === 'slate')?.monoMs ?? Number.NaN;
      const total = { continuityErrors: 0, jumps: 0, longestGapMs: 0, picturesLost: 0, pictures: 0 };
      const endMs = sinceMs + seconds * 1000;
      for (let left = endMs - monoMs(); left > 0; left = endMs - monoMs()) {
        await wait(Math.min(left, 60_000));
        const seen = await run.seen();
        total.continuityErrors += seen.continuityErrors;
        total.jumps += seen.ptsJumps + seen.pcrJumps;
        total.longestGapMs = Math.max(total.longestGapMs, seen.longestGapMs);
        total.picturesLost += seen.picturesLost;
        total.pictures += seen.pictures;
      }
      const dark = switches(run, sinceMs).filter(({ monoMs: atMs }) => atMs > slateMs);
      const backMs = monoMs();
      for (const [index, camera] of cameras.entries()) await camera.start({ host: '127.0.0.1', port: ports[index] as number });
      await untilOnAir(run, 'main', 60_000);
      const tookMs = monoMs() - backMs;
      await wait(settleMs);
      const seen = await run.seen();
      return verdict(
        `all inputs die, for ${seconds} s`,
        `slate after ${Math.round(slateMs - sinceMs)} ms; ${total.pictures} pictures, ${total.picturesLost} lost, ${total.continuityErrors} continuity errors, ${total.jumps} PTS and PCR jumps, longest gap ${total.longestGapMs} ms; back on the source after ${Math.round(tookMs)} ms with ${seen.continuityErrors} continuity errors`,
        [
          Number.isNaN(slateMs) && 'slate',
          dark.length > 0 && `${dark.length} switches while dark`,
          total.continuityErrors + seen.continuityErrors > 0 && 'continuity errors',
          total.jumps + seen.ptsJumps + seen.pcrJumps > 0 && 'time stamps',
          // As many as there are in the time, within what the settling takes.
          total.pictures < (seconds - 3) * 30 && 'pictures',
        ],
      );
    });
  } finally {
    for (const one of cameras) await one.stop();
  }
}

/** Kills and stalls of workers and of sources, at random times, one of three inputs each; what the gateway received is then decoded. */
export async function measureChaos(seed: number, faults: number): Promise<number> {
  const random = seededRandom(seed);
  const { cameras, ports } = await startCameras(1);
  const [camera] = cameras as [CameraProcess];
  try {
    const inputs = [
      { id: 'main', kind: 'udp' as const, host: '127.0.0.1', port: ports[0] as number },
      { id: 'second', kind: 'test' as const, pattern: 'ball' as const, toneHz: 330 },
      { id: 'third', kind: 'test' as const, pattern: 'smpte' as const, toneHz: 220 },
    ];
    return await withChain({ inputs, seed, switching: { holdDownMs: 500, holdDownMsMax: 2000 }, record: true }, async (run, recordings) => {
      await untilOnAir(run, 'main', 60_000);
      await wait(settleMs);
      await run.seen();
      const sinceMs = monoMs();
      const done: Record<string, number> = {};
      for (let i = 0; i < faults; i++) {
        const what = await breakSomething(run, camera, random);
        done[what] = (done[what] ?? 0) + 1;
        await wait(200 + random() * 1600);
      }
      camera.signal('SIGCONT');
      await wait(settleMs);
      const seen = await run.seen();
      const made = switches(run, sinceMs);
      const slates = made.filter(({ to }) => to === 'slate').length;
      await run.stop();
      const said = decode(recordings);
      return verdict(
        `${faults} random kills and stalls in one run (seed ${seed})`,
        `${Object.entries(done)
          .map(([what, count]) => `${count} × ${what}`)
          .join(
            ', ',
          )}; ${made.length} switches, ${slates} of them to the slate; ${seen.continuityErrors} continuity errors, ${seen.ptsJumps} PTS and ${seen.pcrJumps} PCR jumps, ${seen.picturesRepeated} pictures repeated, longest gap ${seen.longestGapMs} ms; ffmpeg says of the recording: ${said === '' ? 'nothing' : said}`,
        [
          seen.continuityErrors > 0 && 'continuity errors',
          seen.ptsJumps + seen.pcrJumps > 0 && 'time stamps',
          seen.picturesRepeated > 0 && 'pictures repeated',
          said !== '' && 'decoding',
        ],
      );
    });
  } finally {
    for (const one of cameras) await one.stop();
  }
}

/** A worker is killed, or hangs and is found out or goes on by itself; the camera stalls. @returns what was done. */
async function breakSomething(run: DemoRun, camera: CameraProcess, random: () => number): Promise<string> {
  const alive = (run.status?.inputs ?? []).filter(({ workerPid }) => workerPid !== null);
  // Of two faults one hits what is on air.
  const onAir = alive.find((one) => one.onAir);
  const target = onAir !== undefined && random() < 0.5 ? onAir : alive[Math.floor(random() * alive.length)];
  const kind = random();
  const stallMs = 200 + random() * 1500;
  const signal = kind < 0.65 ? 'SIGKILL' : 'SIGSTOP';
  if (kind < 0.25 || target === undefined || !signalWorker(run, target.id, signal)) {
    camera.signal('SIGSTOP');
    setTimeout(() => camera.signal('SIGCONT'), stallMs);
    return 'source stalls';
  }
  const pid = target.workerPid;
  if (signal === 'SIGSTOP' && pid !== null) setTimeout(() => resume(pid), stallMs);
  return signal === 'SIGKILL' ? 'worker killed' : 'worker hangs';
}

function resume(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch {
    // It was found out and replaced.
  }
}

/** What ffmpeg complains of in everything that the gateway received, up to 400 letters. */
function decode(recordings: string): string {
  const files = readdirSync(recordings)
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => join(recordings, name));
  const [first, last] = [files[0], files.at(-1)];
  if (first === undefined || last === undefined) return 'there is none';
  truncateSync(last, wholePictures(readFileSync(last)));
  const begins = readFileSync(first);
  writeFileSync(first, begins.subarray(firstEntry(begins)));
  // Pictures keep their own times: rounded to the picture rate, two of them may meet, of which the muxer would complain and not the decoder.
  const args = ['-v', 'error', '-i', `concat:${files.join('|')}`, '-map', '0', '-fps_mode', 'passthrough', '-enc_time_base', '-1', '-f', 'null', '-'];
  try {
    return execFileSync('sh', ['-c', 'exec "$@" 2>&1', 'sh', 'ffmpeg', ...args], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
      .trim()
      .slice(0, 400);
  } catch (error) {
    return String((error as { stdout?: string }).stdout ?? error).slice(0, 400);
  }
}

/** The encoder may have been there before the connection was: where the first picture that refers to none begins, tables and all. */
function firstEntry(file: Buffer): number {
  let tables = 0;
  for (let at = 0; at + packetBytes <= file.length; at += packetBytes) {
    const pid = pidOf(file, at);
    if (pid === 0) tables = at;
    if (pid === videoPid && startsUnit(file, at) && isRandomAccess(file, at)) return tables;
  }
  return 0;
}

/** The gateway was ended in the midst of a picture: how long its file is without it. */
function wholePictures(file: Buffer): number {
  for (let at = file.length - (file.length % packetBytes) - packetBytes; at > 0; at -= packetBytes)
    if (pidOf(file, at) === videoPid && startsUnit(file, at)) return at;
  return 0;
}
