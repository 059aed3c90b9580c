/** What the switcher knows of one input. */
import { Feed, type FeedOptions } from './feed.ts';
import { misfit, type ProgramFormat } from './fit.ts';
import { RecentSound } from './recent-sound.ts';
import { ticksPerMs } from './timeline.ts';
import type { Unit } from './unit.ts';

/** Sound may come this much later than the picture before silence stands in for it: muxers hold it back for some pictures. */
const soundLagTicksMin = 200 * ticksPerMs;
const soundLagTicksMax = 2000 * ticksPerMs;
/** A source that sends sound for this long and no picture has none. */
const pictureWaitMs = 1000;

export class Source {
  readonly feed: Feed;
  readonly sound = new RecentSound();
  /** Its last picture on air, decoding time of its own; NaN while it is not, and where its next picture has to be an entry. */
  lastDts = Number.NaN;
  /** How far its sound lags behind its picture, with room. */
  soundLagTicks = soundLagTicksMin;
  /** Why its stream may not be spliced in as it is; null: it fits. */
  unfit: string | null = null;
  #judgedVersion = -1;
  /** When its first unit came, and its last picture; NaN: none since it began. */
  #sinceMs = Number.NaN;
  #pictureMs = Number.NaN;

  constructor(options: FeedOptions) {
    this.feed = new Feed(options);
  }

  /** It delivers no more, or begins anew. */
  ended(): void {
    this.feed.reset();
    this.sound.clear();
    this.lastDts = this.#sinceMs = this.#pictureMs = Number.NaN;
    this.unfit = null;
  }

  /** A unit came. True when the verdict on its format is another one than before. */
  note(unit: Unit, program: ProgramFormat, nowMs: number): boolean {
    if (Number.isNaN(this.#sinceMs)) this.#sinceMs = nowMs;
    if (unit.kind === 'video') this.#pictureMs = nowMs;
    if (this.#judgedVersion === this.feed.formatVersion) return false;
    this.#judgedVersion = this.feed.formatVersion;
    const before = this.unfit;
    this.unfit = misfit(program, this.feed);
    return this.unfit !== before;
  }

  /** It has sound, and no picture to it. @param silenceMs how long something has not come since then. */
  isPictureless(silenceMs: (sinceMs: number) => number): boolean {
    if (!this.feed.mapped || this.feed.audioStream === null || Number.isNaN(this.#sinceMs)) return false;
    return this.feed.videoStream === null || silenceMs(Number.isNaN(this.#pictureMs) ? this.#sinceMs : this.#pictureMs) > pictureWaitMs;
  }

  /** Silence must not keep for ever ahead of a sound that always comes late. @param lag behind the program's last picture, 90 kHz. */
  learnLag(lag: number): void {
    const wanted = lag + soundLagTicksMin / 2;
    if (wanted > this.soundLagTicks) this.soundLagTicks = Math.min(soundLagTicksMax, wanted);
  }
}
