/** When a figure of the box becomes an event: raises above one mark for a time, clears below another. Pure. */
import type { VitalsConfig } from '../../config/schema.ts';
import { type Notice, notice, type Subject } from '../../model/event.ts';
import type { Reason } from '../../model/reasons.ts';
import type { VitalsStatus } from '../../model/vitals.ts';

/** One thing that is watched. */
export interface Watch {
  /** Last part of the event's name: `box.temperature`. */
  name: string;
  reason: Reason;
  /** Whether it is bad, good again, or neither (between the marks: as before); null: this machine cannot tell. */
  judge(vitals: VitalsStatus): 'bad' | 'good' | 'between' | null;
  /** How long it must be bad to be raised, and good to be cleared. */
  raiseAfterMs: number;
  clearAfterMs: number;
  text(vitals: VitalsStatus): string;
  cleared(vitals: VitalsStatus): string;
  measured(vitals: VitalsStatus): Notice['measured'];
}

interface WatchState {
  raised: boolean;
  /** Since when it says the opposite of `raised`; null: it does not. */
  sinceMs: number | null;
}

export class WatchBoard {
  readonly #states = new Map<string, WatchState>();

  /** Returns the notices that `vitals` gives rise to. */
  judge(watches: readonly Watch[], vitals: VitalsStatus, nowMs: number): Notice[] {
    const notices: Notice[] = [];
    for (const watch of watches) {
      const state = this.#states.get(watch.name) ?? { raised: false, sinceMs: null };
      this.#states.set(watch.name, state);
      const verdict = watch.judge(vitals);
      if (verdict !== (state.raised ? 'good' : 'bad')) {
        state.sinceMs = null;
        continue;
      }
      state.sinceMs ??= nowMs;
      if (nowMs - state.sinceMs < (state.raised ? watch.clearAfterMs : watch.raiseAfterMs)) continue;
      state.raised = !state.raised;
      state.sinceMs = null;
      notices.push(noticeOf(watch, state.raised, vitals));
    }
    return notices;
  }
}

const subject: Subject = { kind: 'box', id: 'vitals' };

function noticeOf(watch: Watch, raised: boolean, vitals: VitalsStatus): Notice {
  return notice({
    severity: raised ? 'warning' : 'clear',
    subject,
    what: `box.${watch.name}`,
    from: raised ? 'good' : 'bad',
    to: raised ? 'bad' : 'good',
    reason: raised ? watch.reason : 'recovered',
    text: raised ? watch.text(vitals) : watch.cleared(vitals),
    measured: watch.measured(vitals),
  });
}

/** A figure that is bad above `mark` and good below `mark - gap`. */
function above(value: number | null, mark: number, gap: number): 'bad' | 'good' | 'between' | null {
  if (value === null) return null;
  return value > mark ? 'bad' : value < mark - gap ? 'good' : 'between';
}

const flag = (value: boolean | null, bad: boolean): 'bad' | 'good' | null => (value === null ? null : value === bad ? 'bad' : 'good');

const megabyte = 1_000_000;

/** The watches of a box, with the configured thresholds. */
export function boxWatches(config: VitalsConfig): Watch[] {
  return [
    {
      name: 'temperature',
      reason: 'temperature-high',
      judge: ({ temperatureC }) => above(temperatureC, config.temperatureMaxC, 5),
      raiseAfterMs: 10_000,
      clearAfterMs: 30_000,
      text: ({ temperatureC }) =>
        `the box is at ${temperatureC?.toFixed(0)} °C, more than ${config.temperatureMaxC} °C: give it air or shade, it will slow down`,
      cleared: ({ temperatureC }) => `the box has cooled to ${temperatureC?.toFixed(0)} °C`,
      measured: ({ temperatureC }) => ({ temperatureC }),
    },
    {
      name: 'power',
      reason: 'under-voltage',
      judge: ({ underVoltage }) => flag(underVoltage, true),
      // The firmware's flag is already held for a while.
      raiseAfterMs: 0,
      clearAfterMs: 60_000,
      text: () => 'the power supply is too weak (under-voltage): use another supply or a shorter cable, or the box may reboot',
      cleared: () => 'the power supply is strong enough again',
      measured: ({ underVoltage }) => ({ underVoltage }),
    },
    {
      name: 'throttling',
      reason: 'throttled',
      judge: ({ throttled }) => flag(throttled, true),
      raiseAfterMs: 5000,
      clearAfterMs: 60_000,
      text: () => 'the processor is throttled (heat or power): the encoder may not keep up',
      cleared: () => 'the processor runs at full speed again',
      measured: ({ throttled, temperatureC }) => ({ throttled, temperatureC }),
    },
    {
      name: 'cpu',
      reason: 'cpu-busy',
      judge: ({ cpuPct }) => above(cpuPct, config.cpuMaxPct, 10),
      raiseAfterMs: 30_000,
      clearAfterMs: 30_000,
      text: ({ cpuPct }) => `the processor is ${cpuPct?.toFixed(0)} % busy: lower the picture size or the frame rate`,
      cleared: ({ cpuPct }) => `the processor is ${cpuPct?.toFixed(0)} % busy`,
      measured: ({ cpuPct, load1 }) => ({ cpuPct, load1 }),
    },
    {
      name: 'memory',
      reason: 'memory-low',
      judge: ({ memoryAvailableBytes }) => above(-memoryAvailableBytes, -config.memoryMinMb * megabyte, 0.25 * config.memoryMinMb * megabyte),
      raiseAfterMs: 10_000,
      clearAfterMs: 30_000,
      text: ({ memoryAvailableBytes }) => `only ${Math.round(memoryAvailableBytes / megabyte)} MB of memory are available`,
      cleared: ({ memoryAvailableBytes }) => `${Math.round(memoryAvailableBytes / megabyte)} MB of memory are available again`,
      measured: ({ memoryAvailableBytes }) => ({ memoryAvailableBytes }),
    },
    {
      name: 'disk',
      reason: 'disk-full',
      judge: ({ diskUsedPct }) => above(diskUsedPct, config.diskMaxPct, 3),
      raiseAfterMs: 0,
      clearAfterMs: 0,
      text: ({ diskUsedPct }) => `the disk is ${diskUsedPct?.toFixed(0)} % full: the stream goes on, but events may not be kept`,
      cleared: ({ diskUsedPct }) => `the disk is ${diskUsedPct?.toFixed(0)} % full`,
      measured: ({ diskUsedPct }) => ({ diskUsedPct }),
    },
    {
      name: 'disk-writable',
      reason: 'disk-error',
      judge: ({ diskWritable }) => flag(diskWritable, false),
      raiseAfterMs: 0,
      clearAfterMs: 0,
      text: () => 'the disk of the state directory cannot be written: the stream goes on, but events and settings are not kept',
      cleared: () => 'the disk can be written again',
      measured: ({ diskWritable }) => ({ diskWritable }),
    },
    {
      name: 'flash',
      reason: 'flash-worn',
      // A mark that is reached counts: the figure is the upper end of a step.
      judge: ({ flash }) => (flash?.usedPct == null ? null : flash.usedPct >= config.flashMaxPct ? 'bad' : 'good'),
      raiseAfterMs: 0,
      clearAfterMs: 0,
      text: ({ flash }) => `the flash memory ${flash?.device} has used up to ${flash?.usedPct} % of its life: plan its replacement`,
      cleared: ({ flash }) => `the flash memory ${flash?.device} has used up to ${flash?.usedPct} % of its life`,
      measured: ({ flash }) => ({ usedPct: flash?.usedPct ?? null }),
    },
    {
      name: 'flash-reserve',
      reason: 'flash-worn',
      judge: ({ flash }) => (flash?.reserve == null ? null : flash.reserve === 'normal' ? 'good' : 'bad'),
      raiseAfterMs: 0,
      clearAfterMs: 0,
      text: ({ flash }) =>
        `the flash memory ${flash?.device} has used ${flash?.reserve === 'urgent' ? '90' : '80'} % of its spare blocks: replace it before it can be read only`,
      cleared: ({ flash }) => `the flash memory ${flash?.device} has spare blocks enough`,
      measured: ({ flash }) => ({ reserve: flash?.reserve ?? null }),
    },
    {
      name: 'clock',
      reason: 'clock-unset',
      judge: ({ clockSynchronised }) => flag(clockSynchronised, false),
      // After boot the time service needs its minute, and the network before it.
      raiseAfterMs: 120_000,
      clearAfterMs: 0,
      text: () => 'the clock is not synchronised: times of events may be wrong, certificates may seem invalid; check the network and the time service',
      cleared: () => 'the clock is synchronised',
      measured: ({ clockSynchronised }) => ({ clockSynchronised }),
    },
  ];
}
