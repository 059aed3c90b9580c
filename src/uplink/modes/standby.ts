/**
 * `standby`: plain SRT over the best path. The next one's connection stands already (make before break), and what the path that died
 * has not delivered goes over the new one first, so that a listener that puts both together misses nothing.
 */
import { monoMs } from '../../clock.ts';
import type { Pin } from '../../engine/choice.ts';
import { pardon } from '../../engine/pardon.ts';
import { decidePath, initialPath, type PathState, withPathPin } from '../../engine/path.ts';
import { notice } from '../../model/event.ts';
import { type Reason, reasonTexts } from '../../model/reasons.ts';
import { askEngine } from '../ask.ts';
import type { Leg } from './leg.ts';
import { isSilent, reasonOf, seenOf } from './leg-seen.ts';
import { Legs } from './legs.ts';
import type { PinSeen } from './pin-follower.ts';
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
    this.#replay.keep(payload, offset, length, monoMs());
    this.#unacknowledged++;
    if (this.#carrying === null) return;
    this.#carrying.send(payload, offset, length);
    this.#carrying.given = this.#replay.count;
  }

  pin(pin: Pin | null, nowMs: number): void {
    this.#path = withPathPin(this.#path, pin);
    if (this.connected) this.decide(nowMs);
  }

  pinSeen(nowMs: number): PinSeen {
    const pinned = this.#pinned;
    if (pinned === undefined) return { does: 'others', path: null };
    return { does: pinned === this.#carrying && pinned.connected ? 'follows' : 'others', path: seenOf(pinned, pinned === this.#carrying, nowMs) };
  }

  get #pinned(): Leg | undefined {
    return this.legs.find(({ id }) => id === this.#path.choice.pin?.id);
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
      const { chosen, pin } = this.#path.choice;
      this.#path = { ...initialPath, choice: { ...initialPath.choice, chosen, pin } };
      return;
    }
    this.#path = decision.state;
    // One that nobody keeps ready is called for the pin, and has the program once it stands.
    this.#pinned?.start(nowMs);
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
    this.#leaving = { leg: from, atMs: nowMs + from.drainMs };
    this.#goOver(from, to, decision.change?.reason ?? reasonOf(from, nowMs), nowMs);
  }

  #goOver(from: Leg, to: Leg, reason: Reason, nowMs: number): void {
    const lost = from.connected && !isSilent(from, nowMs) ? 0 : this.#replayOf(from);
    // What it was given before the other one had its turn is still on its way.
    const replayed = this.#replay.last(lost, to.given, nowMs, (bytes, offset, length, agoMs) => to.sendLate(bytes, offset, length, agoMs, nowMs));
    to.given = this.#replay.count;
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
      if (leg === this.#chosen || leg === this.#carrying || leg === this.#pinned || leg.state === 'off') continue;
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
