/**
 * `standby`: plain SRT over the best path. The next one's connection stands already (make before break), and what the path that died
 * has not delivered goes over the new one first, so that a listener that puts both together misses nothing.
 */
import { pardon } from '../../engine/pardon.ts';
import { decidePath, initialPath, type PathSeen, type PathState } from '../../engine/path.ts';
import { notice } from '../../model/event.ts';
import { type Reason, reasonTexts } from '../../model/reasons.ts';
import { askEngine } from '../ask.ts';
import type { Leg } from './leg.ts';
import { Legs } from './legs.ts';
import { Replay } from './replay.ts';

export class Standby extends Legs {
  readonly #replay = new Replay();
  #path: PathState = initialPath;
  /** The engine's choice: called, if it is not connected. */
  #chosen: Leg | null = null;
  /** The one that gets the program: the chosen one from the moment on when it stands. */
  #carrying: Leg | null = null;
  /** Of the carrying leg when it was last seen connected, and what was sent since. */
  #unacknowledged = 0;
  #leaving: { leg: Leg; atMs: number } | null = null;

  send(payload: Buffer, offset: number, length: number): void {
    this.#replay.keep(payload, offset, length);
    this.#unacknowledged++;
    this.#carrying?.send(payload, offset, length);
  }

  carrying(nowMs: number): string[] {
    const leg = this.#carrying;
    return leg?.connected && !isSilent(leg, nowMs) ? [leg.id] : [];
  }

  remember(): (only: string | null) => void {
    const { records } = this.#path.choice;
    return (only) => {
      this.#path = { ...this.#path, choice: pardon(this.#path.choice, records, only) };
    };
  }

  silentMs(nowMs: number): number {
    return this.#carrying?.silentMs(nowMs) ?? 0;
  }

  silenceMsMax(): number {
    return this.#carrying?.silenceMsMax ?? 0;
  }

  protected startLegs(nowMs: number): void {
    if (this.options.destination.spare === 'connected') for (const leg of this.legs) leg.start(nowMs);
  }

  protected decide(nowMs: number): void {
    if (this.legs.length === 0) return;
    this.renewSilent(nowMs);
    const seen = this.legs.map((leg) => seenOf(leg, leg === this.#carrying, nowMs));
    const decision = askEngine(() => decidePath(this.#path, seen, nowMs, this.options.holdDown), this.options.onNotice);
    if (decision === null) {
      this.#path = { ...initialPath, choice: { ...initialPath.choice, chosen: this.#path.choice.chosen } };
      return;
    }
    this.#path = decision.state;
    // None works: what stands may still deliver.
    if (decision.state.choice.chosen === null && this.#chosen?.connected) return;
    const to = this.legs.find(({ id }) => id === decision.path) as Leg;
    this.#chosen = to;
    to.start(nowMs);
    if (this.options.destination.spare === 'cold') this.#closeLeft(nowMs);
    if (!to.connected || to === this.#carrying) return;
    const from = this.#carrying;
    this.#carrying = to;
    if (from === null) return;
    this.#leaving = { leg: from, atMs: nowMs + this.drainMs };
    this.#goOver(from, to, decision.change?.reason ?? reasonOf(from, nowMs), nowMs);
  }

  #goOver(from: Leg, to: Leg, reason: Reason, nowMs: number): void {
    const lost = from.connected && !isSilent(from, nowMs) ? 0 : this.#replayOf(from);
    const replayed = this.#replay.last(lost, (bytes, offset, length) => to.send(bytes, offset, length));
    this.#tell(from, to, reason, replayed, nowMs);
  }

  /** The address changed: the connection that stands is of no use, unless it still gets through, which its acknowledgements tell. */
  protected moved(leg: Leg, nowMs: number): void {
    if (leg !== this.#carrying || this.legs.some((other) => other !== leg && other.connected)) leg.renew('address-changed', nowMs);
  }

  /** How much a leg owes. One that was closed cannot be asked any more. */
  #replayOf(from: Leg): number {
    return from.connected ? from.unacknowledged : this.#unacknowledged;
  }

  override turn(nowMs: number): void {
    // Before anything closes it: afterwards libsrt does not say.
    if (this.#carrying?.connected) this.#unacknowledged = this.#carrying.unacknowledged;
    super.turn(nowMs);
  }

  /** Without a spare connection the one that was left is closed when it has delivered what it held, and one that was called in vain at once. */
  #closeLeft(nowMs: number): void {
    for (const leg of this.legs) {
      if (leg === this.#chosen || leg === this.#carrying || leg.state === 'off') continue;
      if (leg === this.#leaving?.leg && nowMs < this.#leaving.atMs) continue;
      void leg.stop(nowMs);
    }
  }

  #tell(from: Leg, to: Leg, reason: Reason, replayed: number, nowMs: number): void {
    const { id } = this.options.destination;
    const back = reason === 'preferred';
    this.notify(
      notice({
        severity: back ? 'clear' : 'warning',
        subject: { kind: 'destination', id },
        what: 'destination.path',
        from: from.id,
        to: to.id,
        reason,
        text: `${id}: the program goes over ${to.id} instead of ${from.id}: ${back ? `${to.id} has been well for long enough` : `${from.id} ${reasonTexts[reason]}`}`,
        measured: { silentMs: Math.round(from.silentMs(nowMs)), replayedPayloads: replayed },
      }),
    );
  }
}

const isSilent = (leg: Leg, nowMs: number): boolean => leg.connected && leg.silentMs(nowMs) > leg.silenceMsMax;

function reasonOf(leg: Leg, nowMs: number): Reason {
  if (!leg.path.usable) return leg.path.reason;
  return isSilent(leg, nowMs) ? 'path-silent' : leg.reason;
}

function seenOf(leg: Leg, carries: boolean, nowMs: number): PathSeen {
  const reason = reasonOf(leg, nowMs);
  const seen = (state: PathSeen['state']): PathSeen => ({ id: leg.id, state, reason });
  if (!leg.path.usable) return seen('failed');
  if (leg.connected) return seen(isSilent(leg, nowMs) ? 'failed' : carries ? 'carries' : 'works');
  // Off, or called for the first time: that it does not stand yet says nothing against it.
  return seen(leg.state === 'off' || leg.reason === 'connecting' ? 'unknown' : 'failed');
}
