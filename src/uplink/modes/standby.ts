/**
 * `standby`: plain SRT over the best path. The next one's connection stands already (make before break), and what the path that died
 * has not delivered goes over the new one first, so that a listener that puts both together misses nothing.
 */
import { notice } from '../../model/event.ts';
import { type Reason, reasonTexts } from '../../model/reasons.ts';
import { type Option, Preference } from '../preference.ts';
import type { CarrierOptions } from './carrier.ts';
import type { Leg } from './leg.ts';
import { Legs } from './legs.ts';
import { Replay } from './replay.ts';

export class Standby extends Legs {
  readonly #preference: Preference;
  readonly #replay = new Replay();
  #chosen: Leg | null = null;
  /** Of the chosen leg when it was last seen connected, and what was sent since. */
  #unacknowledged = 0;
  #leaving: { leg: Leg; atMs: number } | null = null;

  constructor(options: CarrierOptions) {
    super(options);
    this.#preference = new Preference(options.preference, options.onNotice);
  }

  send(payload: Buffer, offset: number, length: number): void {
    this.#replay.keep(payload, offset, length);
    this.#unacknowledged++;
    this.#chosen?.send(payload, offset, length);
  }

  silentMs(nowMs: number): number {
    return this.#chosen?.silentMs(nowMs) ?? 0;
  }

  silenceMsMax(): number {
    return this.#chosen?.silenceMsMax ?? 0;
  }

  protected startLegs(nowMs: number): void {
    if (this.options.destination.spare === 'connected') for (const leg of this.legs) leg.start(nowMs);
    else this.#firstUsable?.start(nowMs);
  }

  protected decide(nowMs: number): void {
    this.renewSilent(nowMs);
    if (this.options.destination.spare === 'cold') this.#withoutSpare(nowMs);
    const change = this.#preference.decide(
      this.legs.map((leg) => optionOf(leg, nowMs)),
      nowMs,
    );
    if (change === null) return;
    const to = this.legs.find(({ id }) => id === change.to) ?? null;
    const from = this.#chosen;
    this.#chosen = to;
    if (from === null || to === null) return;
    const lost = from.connected && !isSilent(from, nowMs) ? 0 : this.#replayOf(from);
    const replayed = this.#replay.last(lost, (bytes, offset, length) => to.send(bytes, offset, length));
    this.#tell(from, to, change.reason, replayed, nowMs);
    this.#leaving = { leg: from, atMs: nowMs + this.drainMs };
  }

  /** The address changed: the connection that stands is of no use, unless it still gets through, which its acknowledgements tell. */
  protected moved(leg: Leg, nowMs: number): void {
    if (leg !== this.#chosen || this.legs.some((other) => other !== leg && other.connected)) leg.renew('address-changed', nowMs);
  }

  /** How much a leg owes. One that was closed cannot be asked any more. */
  #replayOf(from: Leg): number {
    return from.connected ? from.unacknowledged : this.#unacknowledged;
  }

  override turn(nowMs: number): void {
    // Before anything closes it: afterwards libsrt does not say.
    if (this.#chosen?.connected) this.#unacknowledged = this.#chosen.unacknowledged;
    super.turn(nowMs);
  }

  get #firstUsable(): Leg | undefined {
    return this.legs.find(({ path }) => path.usable) ?? this.legs[0];
  }

  /** The next path is called when the present one fails; the one that was left is closed when it has delivered what it held. */
  #withoutSpare(nowMs: number): void {
    const present = this.#chosen;
    if (this.#leaving !== null && nowMs >= this.#leaving.atMs) {
      if (this.#leaving.leg !== present) void this.#leaving.leg.stop(nowMs);
      this.#leaving = null;
    }
    if (present?.connected && !isSilent(present, nowMs)) return;
    const next = this.legs.find((leg) => leg.path.usable && leg !== present && leg.state === 'off') ?? this.#firstUsable;
    next?.start(nowMs);
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

function optionOf(leg: Leg, nowMs: number): Option {
  const silent = isSilent(leg, nowMs);
  const usable = leg.connected && leg.path.usable && !silent;
  const reason: Reason = !leg.path.usable ? leg.path.reason : silent ? 'path-silent' : leg.reason;
  return { id: leg.id, usable, delivers: leg.connected, idle: leg.state === 'off', reason, score: usable ? 100 : 0 };
}
