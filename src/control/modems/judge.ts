/** Which events the modems give rise to: gone and back, signal poor and good again. Pure. */
import type { ModemsConfig } from '../../config/schema.ts';
import { type Notice, notice } from '../../model/event.ts';
import type { Modem } from '../../model/vitals.ts';

/** A signal wanders by some dB while nothing moves. */
const signalGapDb = 4;
/** Seconds of poor signal are daily life in a moving car. */
const poorAfterMs = 30_000;

interface Known {
  modem: Modem;
  gone: boolean;
  poor: boolean;
  sinceMs: number | null;
}

export class ModemBoard {
  readonly #known = new Map<string, Known>();

  judge(modems: readonly Modem[], config: ModemsConfig, nowMs: number): Notice[] {
    const notices: Notice[] = [];
    for (const modem of modems) notices.push(...this.#see(modem, config, nowMs));
    for (const known of this.#known.values()) {
      const there = modems.some((modem) => keyOf(modem) === keyOf(known.modem));
      if (there || known.gone) continue;
      known.gone = true;
      notices.push(
        say(known.modem, 'warning', 'modem.state', known.modem.state, 'gone', 'modem-lost', `${nameOf(known.modem)} is gone: check its cable and power`),
      );
    }
    return notices;
  }

  #see(modem: Modem, config: ModemsConfig, nowMs: number): Notice[] {
    const known = this.#known.get(keyOf(modem));
    if (known === undefined) {
      this.#known.set(keyOf(modem), { modem, gone: false, poor: false, sinceMs: null });
      return [say(modem, 'info', 'modem.state', null, modem.state, 'started', `${nameOf(modem)} is ${modem.state}`)];
    }
    const notices: Notice[] = [];
    if (known.gone) notices.push(say(modem, 'clear', 'modem.state', 'gone', modem.state, 'recovered', `${nameOf(modem)} is back and ${modem.state}`));
    else if (known.modem.state !== modem.state) notices.push(stateChange(known.modem, modem));
    known.gone = false;
    known.modem = modem;
    return [...notices, ...judgeSignal(known, config, nowMs)];
  }
}

/** Connected is what a modem is for; losing that is a warning, getting there clears it, the steps between are information. */
function stateChange(before: Modem, now: Modem): Notice {
  const lost = before.state === 'connected' || now.state === 'failed';
  const severity = now.state === 'connected' ? 'clear' : lost ? 'warning' : 'info';
  const reason = now.state === 'connected' ? 'recovered' : lost ? 'modem-lost' : 'starting';
  return say(now, severity, 'modem.state', before.state, now.state, reason, `${nameOf(now)} is ${now.state}, it was ${before.state}`);
}

function judgeSignal(known: Known, config: ModemsConfig, nowMs: number): Notice[] {
  const { modem } = known;
  const { rsrpDbm } = modem;
  if (rsrpDbm === null) return [];
  const opposite = known.poor ? rsrpDbm > config.rsrpMinDbm + signalGapDb : rsrpDbm < config.rsrpMinDbm;
  if (!opposite) {
    known.sinceMs = null;
    return [];
  }
  known.sinceMs ??= nowMs;
  if (nowMs - known.sinceMs < poorAfterMs) return [];
  known.poor = !known.poor;
  known.sinceMs = null;
  return known.poor
    ? [say(modem, 'warning', 'modem.signal', 'good', 'poor', 'signal-poor', `${nameOf(modem)} hears its cell at only ${rsrpDbm} dBm: move the antenna`)]
    : [say(modem, 'clear', 'modem.signal', 'poor', 'good', 'recovered', `${nameOf(modem)} hears its cell at ${rsrpDbm} dBm again`)];
}

function say(modem: Modem, severity: Notice['severity'], what: string, from: string | null, to: string, reason: Notice['reason'], text: string): Notice {
  const { rsrpDbm, rsrqDb, sinrDb, technology, operator } = modem;
  return notice({
    severity,
    subject: { kind: 'modem', id: keyOf(modem) },
    what,
    from,
    to,
    reason,
    text,
    measured: { rsrpDbm, rsrqDb, sinrDb, technology, operator },
  });
}

/** ModemManager gives a replugged modem a new number; its interface stays. */
const keyOf = (modem: Modem): string => modem.interfaces[0] ?? `modem ${modem.id}`;

const nameOf = (modem: Modem): string => `the modem ${modem.model}${modem.interfaces[0] === undefined ? '' : ` (${modem.interfaces[0]})`}`;
