/** A sender's process: the uplink alone, fed from a clip of constant rate. No camera, no switcher: what is measured is the bond. */
import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { monoMs } from '../../clock.ts';
import { destinationSchema, failoverSchema, pathSchema } from '../../config/schema.ts';
import type { Notice } from '../../model/event.ts';
import { type BitrateLimits, initialBitrate, judgeBitrate } from '../../uplink/bitrate.ts';
import { networkLoad } from '../../uplink/load.ts';
import { Uplink } from '../../uplink/uplink.ts';
import { answerRequests } from '../child.ts';
import type { SenderPlan } from './process.ts';

const payloadBytes = 1316;
const turnMs = 2;
const sessionTurnMs = 10;
/** After a held-up turn a camera's pictures would come at once too, but not those of a second. */
const catchUpMsMax = 100;
const judgeEveryMs = 50;

let uplink: Uplink | null = null;
const notices: { atMs: number; notice: Notice }[] = [];
let hiccupMsMax = 0;

/** Of the clip that is played: an encoder that obeys at once. */
let playedKbps = 0;
/** When the most that is allowed was first reached after the networks were there. */
let connectedMs: number | null = null;
let atMostMs: number | null = null;

function adapt(limits: BitrateLimits): void {
  let state = initialBitrate(playedKbps);
  setInterval(() => {
    const bond = uplink?.bond ?? null;
    if (bond === null || uplink?.connected !== true) return;
    const nowMs = monoMs();
    connectedMs ??= nowMs;
    bond.probing = state.kbps < limits.maxKbps;
    ({ state } = judgeBitrate(state, { ...networkLoad(bond, nowMs), programKbps: state.kbps, restKbps: 0, strained: false }, limits, nowMs));
    playedKbps = state.kbps;
    if (state.kbps >= limits.maxKbps) atMostMs ??= nowMs - connectedMs;
  }, judgeEveryMs);
}

function play(clip: Buffer): void {
  let lastMs = monoMs();
  let owed = 0;
  let at = 0;
  setInterval(() => {
    const nowMs = monoMs();
    hiccupMsMax = Math.max(hiccupMsMax, nowMs - lastMs);
    owed += (Math.min(catchUpMsMax, nowMs - lastMs) * playedKbps) / 8;
    lastMs = nowMs;
    if (uplink?.connected !== true) owed = 0;
    for (; owed >= payloadBytes; owed -= payloadBytes) {
      uplink?.send(clip, at, payloadBytes);
      at = at + 2 * payloadBytes > clip.length ? 0 : at + payloadBytes;
    }
  }, turnMs);
}

answerRequests({
  start: ({ clip, kbps, port, latencyMs, paths, duplicatePct, adaptive }: SenderPlan) => {
    uplink = new Uplink({
      paths: paths.map((path) => pathSchema.parse(path)),
      destinations: [destinationSchema.parse({ id: 'gateway', host: '127.0.0.1', port, latencyMs, duplicatePct })],
      failover: failoverSchema.parse({}),
      kbpsMax: Math.max(12_000, (adaptive?.maxKbps ?? kbps) * 1.3),
      onNotice: (notice) => notices.push({ atMs: monoMs(), notice }),
      log: pino({ level: 'silent' }),
    });
    uplink.start();
    setInterval(() => uplink?.turn(monoMs()), sessionTurnMs);
    playedKbps = kbps;
    if (adaptive !== undefined) adapt(adaptive);
    play(readFileSync(clip));
  },
  status: () => ({
    connected: uplink?.connected ?? false,
    ...(uplink?.status(monoMs()) ?? { paths: [], destinations: [] }),
    suspectSinceMs: uplink?.bond?.carriers.map(({ pulse }) => (pulse.suspect ? pulse.suspectSinceMs : null)) ?? [],
    droppedPackets: uplink?.bond?.droppedPackets ?? 0,
    backlogMs: uplink?.bond?.backlogMs(monoMs()) ?? 0,
    hiccupMsMax,
    playedKbps,
    atMostMs,
    cpuSeconds: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
    notices,
  }),
});
