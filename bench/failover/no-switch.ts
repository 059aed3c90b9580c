/** Material that is no fault, however much it looks like one: the program must stay where it is. */
import { type ChildProcess, spawn } from 'node:child_process';
import { monoMs } from '../../src/clock.ts';
import { freeUdpPort } from '../../src/demo/free-port.ts';
import { settleMs, switches, untilOnAir, wait, withChain } from './chain.ts';

interface Material {
  name: string;
  /** lavfi graphs. */
  picture: string;
  sound: string;
  silenceMs: number;
}

const tone = 'sine=frequency=440:sample_rate=48000';
/** Every six seconds two of nothing. */
const pausing = "volume='if(lt(mod(t,6),2),0,1)':eval=frame";

const materials: Material[] = [
  { name: 'noise on a still scene', picture: 'smptebars=size=640x360:rate=30,noise=alls=6:allf=t', sound: tone, silenceMs: 1000 },
  // Nothing above 29 of 255: every point of it is black.
  { name: 'a dark but moving scene', picture: "testsrc2=size=640x360:rate=30,lutyuv=y='16+(val-16)*0.06':u=128:v=128", sound: tone, silenceMs: 1000 },
  {
    name: 'a presenter silent for 2 s, room at −45 dBFS, silence watched at 1 s',
    picture: 'testsrc2=size=640x360:rate=30',
    sound: `${tone},${pausing}[a];anoisesrc=amplitude=0.01:sample_rate=48000[b];[a][b]amix=inputs=2:normalize=0`,
    silenceMs: 1000,
  },
  {
    name: 'a presenter silent for 2 s, nothing else to hear, silence watched as by default',
    picture: 'testsrc2=size=640x360:rate=30',
    sound: `${tone},${pausing}`,
    silenceMs: 15_000,
  },
];

/** @returns how many bars were not met. */
export async function measureNoSwitch(seed: number, seconds: number, only: string): Promise<number> {
  let failures = 0;
  for (const material of materials.filter(({ name }) => name.includes(only))) {
    const found = await watch(material, seed, seconds);
    const met = found.switches === 0 && found.complaints.length === 0 && found.continuityErrors === 0;
    failures += met ? 0 : 1;
    console.log(
      `${material.name}\n  ${seconds} s: ${found.switches} switches, complaints: ${found.complaints.join(', ') || 'none'}; ${found.continuityErrors} continuity errors\n  ${met ? 'met' : 'NOT MET'}`,
    );
  }
  return failures;
}

async function watch(material: Material, seed: number, seconds: number): Promise<{ switches: number; complaints: string[]; continuityErrors: number }> {
  const port = await freeUdpPort();
  const camera = send(material, port);
  try {
    const watched = { frozenMs: 1000, blackMs: 1000, silenceMs: material.silenceMs };
    const inputs = [
      { id: 'main', kind: 'udp' as const, host: '127.0.0.1', port, watch: watched },
      { id: 'spare', kind: 'test' as const },
    ];
    return await withChain({ inputs, seed, switching: { holdDownMs: 1000 } }, async (run) => {
      await untilOnAir(run, 'main', 30_000);
      await wait(settleMs);
      await run.seen();
      const sinceMs = monoMs();
      await wait(seconds * 1000);
      const complaints = run.events.filter(({ what, monoMs: atMs, subject }) => what === 'input.health' && subject.id === 'main' && atMs >= sinceMs);
      const { continuityErrors } = await run.seen();
      return { switches: switches(run, sinceMs).length, complaints: complaints.map(({ reason }) => reason), continuityErrors };
    });
  } finally {
    camera.kill('SIGKILL');
  }
}

/** As a camera sends it: encoded, at a constant rate, so that no datagram waits for the next picture. */
function send({ picture, sound }: Material, port: number): ChildProcess {
  return spawn(
    'ffmpeg',
    [
      ...['-v', 'error', '-re', '-f', 'lavfi', '-i', picture, '-re', '-f', 'lavfi', '-i', sound],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '30', '-b:v', '1500k', '-maxrate', '1500k', '-bufsize', '750k'],
      // Not AAC: ffmpeg's encoder holds silence back, and with it the picture beside it.
      ...['-c:a', 'mp2', '-ac', '2', '-muxrate', '2200k', '-f', 'mpegts', `udp://127.0.0.1:${port}?pkt_size=1316`],
    ],
    { stdio: 'ignore' },
  );
}
