/**
 * The measuring viewer's process: MPEG-TS over UDP in, figures over IPC out.
 * By hand: `node src/lab/viewer/main.ts --file x.ts` prints what is wrong with a file (arrival times are then meaningless).
 */
import { readFileSync } from 'node:fs';
import { monoMs } from '../../clock.ts';
import { UdpBatchSocket } from '../../uplink/udp/socket.ts';
import { answerRequests } from '../child.ts';
import { Analyser } from './analyser.ts';

/** Ten seconds of 6 Mbit/s: this process may be held up, the figures may not. */
const receiveBufferBytes = 8 * 1024 * 1024;
/** Arrival times are as fine as this. */
const turnMs = 2;

const analyser = new Analyser();

function receive(): number {
  const socket = UdpBatchSocket.open({ host: '127.0.0.1', port: 0, receiveBufferBytes, packetBytesMax: 2048 });
  setInterval(() => {
    const nowMs = monoMs();
    for (let count = socket.receive(); count > 0; count = socket.receive()) {
      for (let i = 0; i < count; i++) analyser.push(socket.received, socket.offsetOf(i), socket.lengthOf(i), nowMs);
    }
  }, turnMs);
  return socket.port;
}

function report(references: { pcr: number; monoMs: number }[]) {
  const nowMs = monoMs();
  const { bytes: _, ...figures } = analyser.figures;
  const delays = references
    .map((reference) => analyser.delayMs(reference))
    .filter((one) => one !== null)
    .sort((a, b) => a - b);
  const round = (ms: number | undefined) => (ms === undefined ? null : Math.round(ms));
  return {
    ...figures,
    disturbances: analyser.disturbances(nowMs),
    longestGapMs: Math.round(analyser.longestGapMs(nowMs)),
    kbps: analyser.kbps(nowMs),
    transportDelayMs: { p50: round(delays[delays.length >> 1]), max: round(delays.at(-1)) },
  };
}

const fileAt = process.argv.indexOf('--file');
if (fileAt > 0) {
  const bytes = readFileSync(process.argv[fileAt + 1] ?? '');
  analyser.push(bytes, 0, bytes.length, 0);
  const { disturbances, longestGapMs: _, ...figures } = analyser.figures;
  process.stdout.write(`${JSON.stringify({ ...figures, disturbances: disturbances.length }, null, 2)}\n`);
} else {
  answerRequests({
    start: receive,
    startMeasuring: () => analyser.startMeasuring(monoMs()),
    snapshot: () => ({
      pictures: analyser.figures.pictures,
      picturesLost: analyser.figures.picturesLost,
      continuityErrors: analyser.figures.continuityErrors,
      kbps: analyser.kbps(monoMs()),
    }),
    report,
  });
}
