/** A sender's process: the uplink alone, fed from a clip of constant rate. No camera, no switcher: what is measured is the bond. */
import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { monoMs } from '../../clock.ts';
import { destinationSchema, pathSchema } from '../../config/schema.ts';
import type { Notice } from '../../model/event.ts';
import { Uplink } from '../../uplink/uplink.ts';
import { answerRequests } from '../child.ts';
import type { SenderPlan } from './process.ts';

const payloadBytes = 1316;
const turnMs = 2;
const sessionTurnMs = 10;
/** After a held-up turn a camera's pictures would come at once too, but not those of a second. */
const catchUpMsMax = 100;

let uplink: Uplink | null = null;
const notices: { atMs: number; notice: Notice }[] = [];
let hiccupMsMax = 0;

function play(clip: Buffer, kbps: number): void {
  let lastMs = monoMs();
  let owed = 0;
  let at = 0;
  setInterval(() => {
    const nowMs = monoMs();
    hiccupMsMax = Math.max(hiccupMsMax, nowMs - lastMs);
    owed += (Math.min(catchUpMsMax, nowMs - lastMs) * kbps) / 8;
    lastMs = nowMs;
    if (uplink?.connected !== true) owed = 0;
    for (; owed >= payloadBytes; owed -= payloadBytes) {
      uplink?.send(clip, at, payloadBytes);
      at = at + 2 * payloadBytes > clip.length ? 0 : at + payloadBytes;
    }
  }, turnMs);
}

answerRequests({
  start: ({ clip, kbps, port, latencyMs, paths, duplicatePct }: SenderPlan) => {
    uplink = new Uplink({
      paths: paths.map((path) => pathSchema.parse(path)),
      destinations: [destinationSchema.parse({ id: 'gateway', host: '127.0.0.1', port, latencyMs, duplicatePct })],
      kbpsMax: Math.max(12_000, kbps * 1.3),
      onNotice: (notice) => notices.push({ atMs: monoMs(), notice }),
      log: pino({ level: 'silent' }),
    });
    uplink.start();
    setInterval(() => uplink?.turn(monoMs()), sessionTurnMs);
    play(readFileSync(clip), kbps);
  },
  status: () => ({
    connected: uplink?.connected ?? false,
    ...(uplink?.status(monoMs()) ?? { paths: [], destinations: [] }),
    suspectSinceMs: uplink?.bond?.carriers.map(({ pulse }) => (pulse.suspect ? pulse.suspectSinceMs : null)) ?? [],
    droppedPackets: uplink?.bond?.droppedPackets ?? 0,
    backlogMs: uplink?.bond?.backlogMs(monoMs()) ?? 0,
    hiccupMsMax,
    cpuSeconds: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
    notices,
  }),
});
