/**
 * `dual`: a plain SRT connection over each path, and the whole program over each of them. The receiver takes the better one, or both.
 * With a pin it goes over one alone; what that one owes when it dies goes over the others first, as in `standby`.
 */
import { monoMs } from '../../clock.ts';
import type { Pin } from '../../engine/choice.ts';
import type { Leg } from './leg.ts';
import { isSilent, seenOf } from './leg-seen.ts';
import { Legs } from './legs.ts';
import type { ModeCarrierOptions } from './mode-carrier.ts';
import { PinFollower, type PinSeen } from './pin-follower.ts';
import { Replay } from './replay.ts';

export class Dual extends Legs {
  readonly #follower: PinFollower;
  /** Of the time that the program goes over one alone. */
  #replay: Replay | null = null;
  /** That one. */
  #only: Leg | null = null;
  /** Of it when it was last seen connected, and what was sent since. */
  #unacknowledged = 0;

  constructor(options: ModeCarrierOptions) {
    super(options);
    this.#follower = new PinFollower(options.holdDown, options.onNotice);
  }

  send(payload: Buffer, offset: number, length: number): void {
    if (this.#only === null) {
      for (const leg of this.legs) leg.send(payload, offset, length);
      return;
    }
    this.#replay?.keep(payload, offset, length, monoMs());
    this.#unacknowledged++;
    this.#only.send(payload, offset, length);
  }

  pin(pin: Pin | null, nowMs: number): void {
    this.#follower.set(pin);
    this.#follow(nowMs);
  }

  pinSeen(nowMs: number): PinSeen {
    return this.#follower.seen(this.#seen(nowMs));
  }

  carrying(nowMs: number): string[] {
    return this.legs.filter((leg) => leg.connected && !isSilent(leg, nowMs)).map(({ id }) => id);
  }

  /** Of the one that gets through best. */
  silentMs(nowMs: number): number {
    const connected = this.legs.filter((leg) => leg.connected);
    return connected.length === 0 ? 0 : Math.min(...connected.map((leg) => leg.silentMs(nowMs)));
  }

  silenceMsMax(): number {
    return Math.max(0, ...this.legs.filter((leg) => leg.connected).map(({ silenceMsMax }) => silenceMsMax));
  }

  override turn(nowMs: number): void {
    // Before anything closes it: afterwards libsrt does not say.
    if (this.#only?.connected) this.#unacknowledged = this.#only.unacknowledged;
    super.turn(nowMs);
  }

  protected startLegs(nowMs: number): void {
    for (const leg of this.legs) leg.start(nowMs);
  }

  protected decide(nowMs: number): void {
    this.renewSilent(nowMs);
    this.#follow(nowMs);
  }

  protected moved(leg: Leg, nowMs: number): void {
    leg.renew('address-changed', nowMs);
  }

  #seen(nowMs: number) {
    return this.legs.map((leg) => seenOf(leg, true, nowMs));
  }

  #follow(nowMs: number): void {
    const id = this.#follower.turn(() => this.#seen(nowMs), nowMs);
    const only = this.legs.find((leg) => leg.id === id) ?? null;
    const before = this.#only;
    if (only === before) return;
    this.#only = only;
    if (before !== null) {
      // One that works delivers what it has.
      const owed = !before.connected ? this.#unacknowledged : isSilent(before, nowMs) ? before.unacknowledged : 0;
      const others = this.legs.filter((leg) => leg !== before && leg.connected);
      this.#replay?.last(owed, 0, nowMs, (bytes, offset, length, agoMs) => {
        for (const leg of others) leg.sendLate(bytes, offset, length, agoMs, nowMs);
      });
    }
    this.#unacknowledged = 0;
    this.#replay = only === null ? null : new Replay();
  }
}
