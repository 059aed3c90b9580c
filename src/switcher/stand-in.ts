/** The slate on air: its clip by the program's clock, in place of a source or as the picture to a source's sound. */
import type { Air } from './air.ts';
import { type Clip, SlatePlayer } from './slate.ts';
import type { Source } from './source.ts';
import { ticksPerMs } from './timeline.ts';
import type { Unit } from './unit.ts';

/** A clip's sound stands beside its picture: two pictures' time is enough to wait for it. */
const clipLagTicks = 100 * ticksPerMs;

export class StandIn {
  readonly #air: Air;
  readonly #coveredSource: () => Source | null;
  readonly #onUnit = (unit: Unit): void => this.#emit(unit);
  #player: SlatePlayer | null = null;
  #round = 0;

  /** @param coveredSource whose sound is heard to the slate's picture; null: its own. */
  constructor(air: Air, coveredSource: () => Source | null) {
    this.#air = air;
    this.#coveredSource = coveredSource;
  }

  /** There is a clip. */
  get isReady(): boolean {
    return this.#player !== null;
  }

  get isPlaying(): boolean {
    return this.#player?.playing ?? false;
  }

  /** What plays goes on with the new one. */
  set(clip: Clip, nowMs: number): void {
    const { isPlaying } = this;
    this.#player = new SlatePlayer(clip);
    if (isPlaying) this.start(nowMs);
  }

  start(nowMs: number): void {
    const player = this.#player;
    const first = player?.clip.units[0];
    if (player === null || first === undefined) return;
    this.#air.nowMs = nowMs;
    this.#air.beginSlate(first);
    player.start(nowMs, first.dts - this.#air.wallIn());
    this.#round = 0;
    player.step(this.#onUnit);
    this.step(nowMs);
  }

  /** Goes on where it was stopped a moment ago. */
  resume(): void {
    if (this.#player !== null) this.#player.playing = true;
  }

  stop(): void {
    if (this.#player !== null) this.#player.playing = false;
  }

  /** By the program's clock. */
  step(nowMs: number): void {
    const player = this.#player;
    while (player?.playing && player.isDue(nowMs, this.#air.wallIn())) player.step(this.#onUnit);
  }

  #emit(unit: Unit): void {
    const { clip, round } = this.#player as SlatePlayer;
    const covered = this.#coveredSource();
    if (unit.kind === 'video') return this.#air.slatePicture(unit, covered?.soundLagTicks ?? (clip.sounds ? clipLagTicks : 0));
    if (covered !== null) return;
    // Sound and picture are not of equal length to the sample: each round joins anew.
    if (round !== this.#round) this.#air.joinSound();
    this.#round = round;
    this.#air.slateSound(unit);
  }
}
