/** What a mode is to the destination that uses it: something that carries the program there, over its paths. */
import type { DestinationConfig } from '../../config/schema.ts';
import type { Pin } from '../../engine/choice.ts';
import type { HoldDown } from '../../engine/path.ts';
import type { Logger } from '../../log.ts';
import type { Notice } from '../../model/event.ts';
import type { Reason } from '../../model/reasons.ts';
import type { DestinationStatus, PathStatus } from '../../model/status.ts';
import type { LivePath } from '../paths/watch.ts';
import type { Bond } from '../srtla/scheduler.ts';
import type { Spoil } from '../udp/spoiled.ts';
import type { PinSeen } from './pin-follower.ts';

export interface ModeCarrierOptions {
  destination: DestinationConfig;
  /** Those that the destination may use; the objects change with the networks. */
  paths: readonly LivePath[];
  /** Between paths, in `standby` mode, and of a pinned one. */
  holdDown: HoldDown;
  /** The most that the program may take, duplicates not counted. */
  kbpsMax: number;
  onNotice(one: Notice): void;
  log: Logger;
}

export interface ModeCarrier {
  /** Takes the program now. */
  readonly connected: boolean;
  /** What the networks carry, for the choice of the bitrate; null in modes that cannot tell. */
  readonly bond: Bond | null;
  /** The most that goes over each of its paths in one packet, bytes of whole MPEG-TS packets. */
  readonly payloadBytes: number;
  start(nowMs: number): void;
  /** Resolves once everything is closed. */
  stop(nowMs: number): Promise<void>;
  /** The packet path: whole MPEG-TS packets, at most `payloadBytes` of them, sent or dropped at once. */
  send(payload: Buffer, offset: number, length: number): void;
  /** To be called every few milliseconds. */
  turn(nowMs: number): void;
  /** Another interface, carrier or address. */
  pathChanged(path: LivePath, nowMs: number): void;
  /** A person's wish that the program keep to one path, in force at once; null: the mode does as it always does. */
  pin(pin: Pin | null, nowMs: number): void;
  pinSeen(nowMs: number): PinSeen;
  /** Ids of the paths that the program goes over now. */
  carrying(nowMs: number): string[];
  /** A rehearsal holds a path's packets back; null ends it. Not where the packets are libsrt's. */
  spoil?(path: string, spoil: Spoil | null): void;
  /** Returns what makes it trust its paths as it does now again (docs/adr/0045). */
  remember?(): (only: string | null) => void;
  /** For how long the far end has acknowledged nothing of what is sent to it; 0 while nothing waits to be acknowledged. */
  silentMs(nowMs: number): number;
  /** Silence for longer than this is none of the networks' ordinary pauses. */
  silenceMsMax(): number;
  destinationStatus(nowMs: number): Omit<DestinationStatus, 'active'>;
  pathStatus(nowMs: number): PathStatus[];
}

/** Why a carrier does not carry; the text is a sentence for people. */
export interface Failure {
  reason: Reason;
  text: string;
}
