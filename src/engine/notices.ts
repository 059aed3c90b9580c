/** What the engine tells of its decisions: events with reason and figures, and one sentence for people. */
import { type Notice, notice } from '../model/event.ts';
import { type Reason, reasonTexts } from '../model/reasons.ts';
import type { Change } from './choice.ts';
import type { Sample } from './health.ts';
import type { BoxSeen } from './strain.ts';

const program = { kind: 'program', id: 'program' } as const;

/** The figures that a decision about an input rests on. */
export function measuredOf(
  { dataAgeMs, stillMs, noPictureMs, blackMs, silentMs, kbps, lossPercent, retransmitPercent, rttMs }: Sample,
  fps: number | null,
): Notice['measured'] {
  const round = (value: number | null) => (value === null ? null : Math.round(value));
  return {
    dataAgeMs: round(dataAgeMs),
    stillMs: round(stillMs),
    noPictureMs: round(noPictureMs),
    blackMs: round(blackMs),
    silentMs: round(silentMs),
    kbps: round(kbps),
    fps: round(fps),
    lossPct: lossPercent,
    retransmitPct: retransmitPercent,
    rttMs,
  };
}

export function healthNotice(id: string, before: Reason | null, complaint: Reason | null, measured: Notice['measured']): Notice {
  return notice({
    severity: complaint === null ? 'clear' : 'warning',
    subject: { kind: 'input', id },
    what: 'input.health',
    from: before ?? 'good',
    to: complaint ?? 'good',
    reason: complaint ?? 'recovered',
    text: complaint === null ? `${id} is well again` : `${id}: ${reasonTexts[complaint]}`,
    measured,
  });
}

/** `run`: it is started; else stopped. */
export function runNotice(id: string, { run, reason }: { run: boolean; reason: Reason }): Notice {
  const because = reason === 'recovered' ? 'the box has its strength back' : isOfIt.has(reason) ? `it ${reasonTexts[reason]}` : reasonTexts[reason];
  const states = run ? { from: 'off', to: 'wanted' } : { from: 'wanted', to: 'off' };
  return notice({
    severity: 'info',
    subject: { kind: 'input', id },
    what: 'input.wanted',
    ...states,
    reason,
    text: `${id} is ${run ? 'started' : 'stopped'}: ${because}`,
  });
}

/** Reasons whose sentence speaks of the input. */
const isOfIt: ReadonlySet<Reason> = new Set(['needed', 'not-needed']);

export function switchNotice(change: Change, from: string | null, to: string, slateId: string, measured: Notice['measured'], tookMs: number): Notice {
  const { reason } = change;
  const name = (id: string | null) => (id === slateId ? 'the slate' : id);
  const sayings: Partial<Record<Reason, string>> = {
    preferred: `${name(from)} was only standing in`,
    'pinned-dead': 'the pinned input does not work',
    'better-score': `it ${reasonTexts['better-score']}`,
  };
  const because = sayings[reason] ?? reasonTexts[reason];
  const text = from === null ? `${name(to)} is on air` : `${name(to)} is on air instead of ${name(from)}: ${because}`;
  const severity = to === slateId ? 'alarm' : from === null ? 'info' : reason === 'preferred' ? 'clear' : 'warning';
  return notice({ severity, subject: program, what: 'program.switch', from, to, reason, text, measured, tookMs: Math.round(tookMs) });
}

/** `what`: `program.pin` of an input, `path.pin` of a path. */
export function pinNotice(before: Reason | null, bad: Reason | null, text: string, what = 'program.pin'): Notice {
  const states = { from: before ?? 'good', to: bad ?? 'good', reason: bad ?? 'recovered' } as const;
  const severity = bad === 'starting' ? 'info' : bad !== null ? 'warning' : before === 'starting' ? 'info' : 'clear';
  return notice({ severity, subject: program, what, ...states, text });
}

/** `alarmed`: that it was a bad idea was told and is over with it. */
export function pinEndNotice(id: string, usable: boolean, alarmed: boolean, what = 'program.pin'): Notice {
  const text = usable
    ? `the pin on ${id} has run out: the engine chooses again`
    : `the pin on ${id} is over, since ${id} does not work: the engine chooses again`;
  return notice({ severity: alarmed ? 'clear' : 'info', subject: program, what, from: id, to: 'none', reason: 'pin-expired', text });
}

export function strainNotice(before: Reason | null, reason: Reason | null, { temperatureC, throttled }: BoxSeen): Notice {
  const text =
    reason === null
      ? 'the box has its strength back: all hot inputs run again'
      : `${reasonTexts[reason]}: hot inputs that it encodes are stopped, but for the one on air and one standby, and count for less`;
  return notice({
    severity: reason === null ? 'clear' : 'warning',
    subject: { kind: 'media', id: 'media' },
    what: 'media.strain',
    from: before ?? 'good',
    to: reason ?? 'good',
    reason: reason ?? 'recovered',
    text,
    measured: { temperatureC, throttled },
  });
}

const engine = { kind: 'media', id: 'engine' } as const;

/** A decision broke one of the engine's own rules and was not carried out. */
export function brokenNotice(error: Error, stays: string): Notice {
  const text = `an error in Tandem: ${error.message}; the engine begins anew, ${stays} stays on air. Please report it`;
  return notice({ severity: 'alarm', subject: engine, what: 'engine.state', from: 'good', to: 'broken', reason: 'internal', text });
}

export function soundNotice(): Notice {
  const text = 'the engine has kept its rules for a minute';
  return notice({ severity: 'clear', subject: engine, what: 'engine.state', from: 'broken', to: 'good', reason: 'recovered', text });
}
