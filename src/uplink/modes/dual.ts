/** `dual`: a plain SRT connection over each path, and the whole program over each of them. The receiver takes the better one, or both. */
import type { Leg } from './leg.ts';
import { Legs } from './legs.ts';

export class Dual extends Legs {
  send(payload: Buffer, offset: number, length: number): void {
    for (const leg of this.legs) leg.send(payload, offset, length);
  }

  carrying(nowMs: number): string[] {
    return this.legs.filter((leg) => leg.connected && leg.silentMs(nowMs) <= leg.silenceMsMax).map(({ id }) => id);
  }

  /** Of the one that gets through best. */
  silentMs(nowMs: number): number {
    const connected = this.legs.filter((leg) => leg.connected);
    return connected.length === 0 ? 0 : Math.min(...connected.map((leg) => leg.silentMs(nowMs)));
  }

  silenceMsMax(): number {
    return Math.max(0, ...this.legs.filter((leg) => leg.connected).map(({ silenceMsMax }) => silenceMsMax));
  }

  protected startLegs(nowMs: number): void {
    for (const leg of this.legs) leg.start(nowMs);
  }

  protected decide(nowMs: number): void {
    this.renewSilent(nowMs);
  }

  protected moved(leg: Leg, nowMs: number): void {
    leg.renew('address-changed', nowMs);
  }
}
