/** Whether the program is on air, judged from outside every part: something is chosen, it flows, and somebody takes it. */
import { HeldUp } from '../held-up.ts';
import { type Notice, notice } from '../model/event.ts';
import type { Reason } from '../model/reasons.ts';
import type { ProgramState, ProgramStatus } from '../model/status.ts';

/** A cold start needs this long at most until pictures flow; before that nothing is wrong. */
const startUpMsMax = 10_000;
/** Sources are called silent, and the slate stands in, long before. */
const stillMsMax = 1000;
/** It is observed twenty times a second. */
const heldUpMs = 150;

export interface ProgramObservation {
  running: boolean;
  connected: boolean;
  hasInputs: boolean;
  /** What leaves the switcher, and when the last of it did. */
  kbps: number;
  sentMs: number;
  uptimeMs: number;
}

const texts: Record<ProgramState, string> = {
  starting: 'the program is starting',
  'on-air': 'the program is on air',
  'off-air': 'the program is not on air',
  stopped: 'the program was stopped',
};

export class ProgramWatch {
  readonly #heldUp = new HeldUp(heldUpMs);
  status: Pick<ProgramStatus, 'state' | 'reason' | 'text' | 'sinceMonoMs'> = { state: 'starting', reason: 'starting', text: texts.starting, sinceMonoMs: 0 };

  /** Returns what there is to tell when the verdict changed, else null. */
  observe(seen: ProgramObservation, nowMs: number): Notice | null {
    this.#heldUp.look(nowMs);
    const flows = this.#heldUp.silenceMs(seen.sentMs, nowMs) < stillMsMax;
    const { state, reason, detail } = verdict(seen, flows, this.status.state);
    const previous = this.status;
    if (state === previous.state && reason === previous.reason) return null;
    const text = `${texts[state]}${detail}`;
    this.status = { state, reason, text, sinceMonoMs: nowMs };
    return notice({
      severity: state === 'off-air' ? 'alarm' : previous.state === 'off-air' ? 'clear' : 'info',
      subject: { kind: 'program', id: 'program' },
      what: 'program.state',
      from: previous.state,
      to: state,
      reason,
      text,
      measured: { kbps: seen.kbps },
      tookMs: previous.sinceMonoMs === 0 ? null : Math.round(nowMs - previous.sinceMonoMs),
    });
  }
}

function verdict(seen: ProgramObservation, flows: boolean, previous: ProgramState): { state: ProgramState; reason: Reason; detail: string } {
  if (!seen.running) return { state: 'stopped', reason: 'stopped', detail: '' };
  if (flows && seen.connected) return { state: 'on-air', reason: 'on-air', detail: '' };
  if (previous === 'starting' && seen.uptimeMs < startUpMsMax) return { state: 'starting', reason: 'starting', detail: '' };
  if (!seen.hasInputs) return { state: 'off-air', reason: 'no-input', detail: ': no input is configured; add one under inputs' };
  if (!flows) return { state: 'off-air', reason: 'no-input', detail: ': no input delivers' };
  return { state: 'off-air', reason: 'no-uplink', detail: ': no destination is connected' };
}

/** The slate's picture goes out with the sound of an input that has none, or its own does again. */
export function coverNotice(id: string, covered: boolean): Notice {
  return notice({
    severity: covered ? 'warning' : 'clear',
    subject: { kind: 'input', id },
    what: 'input.picture',
    from: covered ? 'own' : 'slate',
    to: covered ? 'slate' : 'own',
    reason: covered ? 'no-picture' : 'recovered',
    text: covered ? `${id} sends no picture: the slate is shown to its sound` : `the slate is no longer shown to the sound of ${id}`,
  });
}
