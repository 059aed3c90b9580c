/** Starts and asks a sender's process. */
import { fileURLToPath } from 'node:url';
import type { Notice } from '../../model/event.ts';
import type { DestinationStatus, PathStatus } from '../../model/status.ts';
import { LabProcess } from '../child.ts';

export interface SenderPlan {
  /** A file of constant rate. */
  clip: string;
  kbps: number;
  /** Where the paths' own addresses do not say otherwise. */
  port: number;
  latencyMs: number;
  paths: { id: string; via: { host: string; port: number }; priority?: number; maxKbps?: number }[];
  duplicatePct?: number;
  /** The clip is played as fast as the choice of the bitrate says, `kbps` being the first. */
  adaptive?: { minKbps: number; maxKbps: number };
}

export interface SenderStatus {
  connected: boolean;
  paths: PathStatus[];
  destinations: DestinationStatus[];
  /** Of each path: since when it has been out of use; null: it is in use. */
  suspectSinceMs: (number | null)[];
  droppedPackets: number;
  backlogMs: number;
  /** The longest pause between two turns of its loop: the machine's fault, not the link's. */
  hiccupMsMax: number;
  /** What is made of it now. */
  playedKbps: number;
  /** Adaptive: from the session to the most that is allowed; null: never. */
  atMostMs: number | null;
  cpuSeconds: number;
  notices: { atMs: number; notice: Notice }[];
}

export class SenderProcess {
  readonly #process = new LabProcess(fileURLToPath(new URL('./main.ts', import.meta.url)));

  start(plan: SenderPlan): Promise<void> {
    this.#process.spawn();
    return this.#process.ask('start', plan);
  }

  status(): Promise<SenderStatus> {
    return this.#process.ask('status');
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
