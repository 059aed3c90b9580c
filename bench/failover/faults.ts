/** The faults of `bench failover`: a source each, how it breaks, how it heals, and what is demanded. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freeTcpPort, freeUdpPort } from '../../src/demo/free-port.ts';
import type { DemoRun } from '../../src/demo/run.ts';
import { CameraProcess } from '../../src/lab/camera/process.ts';
import { type Inputs, signalWorker } from './chain.ts';

type InputConfig = Inputs[number];

/** A source that runs, with what can be done to it. */
export interface Rig {
  input: InputConfig;
  break(run: DemoRun): void | Promise<void>;
  heal(): void | Promise<void>;
  stop(): void | Promise<void>;
}

export interface Row {
  name: string;
  decisionMsMax: number;
  /** null: the issue sets none for it. */
  gapMsMax: number | null;
  rig(): Promise<Rig>;
}

const watch = { frozenMs: 1000, blackMs: 1000, silenceMs: 1000 };
const main = { id: 'main', watch };

async function own(signal: NodeJS.Signals): Promise<Rig> {
  return {
    input: { ...main, kind: 'test', text: 'main' },
    break: (run) => void signalWorker(run, 'main', signal),
    heal: () => undefined,
    stop: () => undefined,
  };
}

/** A camera over UDP whose content can be changed. */
async function camera(fault: (one: CameraProcess) => void | Promise<void>, heal: (one: CameraProcess) => void | Promise<void>): Promise<Rig> {
  const port = await freeUdpPort();
  const one = new CameraProcess();
  await one.start({ host: '127.0.0.1', port });
  return {
    input: { ...main, kind: 'udp', host: '127.0.0.1', port },
    break: () => fault(one),
    heal: () => heal(one),
    stop: () => one.stop(),
  };
}

const picture = ['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=30', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'];
const coded = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '30', '-b:v', '1500k', '-c:a', 'aac', '-ac', '2'];

/** ffmpeg as the far end; started again to heal. */
function pushed(input: InputConfig, target: string[], end: NodeJS.Signals): Rig {
  let child: ChildProcess | null = null;
  const start = (): void => {
    child = spawn('ffmpeg', ['-v', 'error', '-re', ...picture, ...coded, ...target], { stdio: 'ignore' });
    // The listener may not be there yet.
    child.on('exit', (code) => code !== null && code !== 0 && code !== 255 && setTimeout(start, 300));
  };
  const stop = (signal: NodeJS.Signals): void => {
    child?.removeAllListeners('exit');
    child?.kill(signal);
  };
  start();
  return { input, break: () => stop(end), heal: start, stop: () => stop('SIGKILL') };
}

async function srt(end: NodeJS.Signals): Promise<Rig> {
  const port = await freeUdpPort();
  const input: InputConfig = { ...main, kind: 'srt', mode: 'listener', host: '127.0.0.1', port, latencyMs: 120 };
  return pushed(input, ['-f', 'mpegts', `srt://127.0.0.1:${port}?mode=caller&latency=120000`], end);
}

async function rtmp(): Promise<Rig> {
  const port = await freeTcpPort();
  const key = 'bench-stream-key';
  return pushed({ ...main, kind: 'rtmp', host: '127.0.0.1', port, key }, ['-f', 'flv', `rtmp://127.0.0.1:${port}/live/${key}`], 'SIGINT');
}

async function rtsp(): Promise<Rig> {
  const file = fileURLToPath(new URL('../../src/lab/camera/rtsp-server.ts', import.meta.url));
  let child: ChildProcess | null = null;
  let port = 0;
  const start = async (): Promise<void> => {
    child = spawn(process.execPath, [file, String(port)], { stdio: ['ignore', 'pipe', 'ignore'] });
    if (child.stdout !== null) port = Number(String(((await once(child.stdout, 'data')) as Buffer[])[0]));
  };
  await start();
  return {
    input: { ...main, kind: 'rtsp', url: `rtsp://127.0.0.1:${port}/camera`, transport: 'tcp' },
    break: () => void child?.kill('SIGKILL'),
    heal: start,
    stop: () => void child?.kill('SIGKILL'),
  };
}

const show = (scene: 'frozen' | 'black') =>
  camera(
    (one) => one.show(scene),
    (one) => one.show('moving'),
  );

export const rows: Row[] = [
  { name: 'encoder worker killed', decisionMsMax: 50, gapMsMax: 100, rig: () => own('SIGKILL') },
  { name: 'encoder worker hung (SIGSTOP)', decisionMsMax: 500, gapMsMax: 600, rig: () => own('SIGSTOP') },
  { name: 'SRT source closes', decisionMsMax: 100, gapMsMax: 600, rig: () => srt('SIGINT') },
  { name: 'RTMP source closes', decisionMsMax: 100, gapMsMax: 600, rig: rtmp },
  { name: 'RTSP source closes', decisionMsMax: 100, gapMsMax: 600, rig: rtsp },
  { name: 'SRT source stalls (killed, nothing said)', decisionMsMax: 500, gapMsMax: 600, rig: () => srt('SIGKILL') },
  {
    name: 'UDP source stalls',
    decisionMsMax: 500,
    gapMsMax: 600,
    rig: () =>
      camera(
        (one) => one.signal('SIGSTOP'),
        (one) => one.signal('SIGCONT'),
      ),
  },
  { name: 'frozen picture', decisionMsMax: 1300, gapMsMax: 600, rig: () => show('frozen') },
  { name: 'black picture', decisionMsMax: 1300, gapMsMax: 600, rig: () => show('black') },
  {
    name: 'silence',
    decisionMsMax: 1300,
    gapMsMax: 600,
    rig: () =>
      camera(
        (one) => one.sound(false),
        (one) => one.sound(true),
      ),
  },
];
