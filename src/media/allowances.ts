/** Counts the data of paths with an allowance, tells and stops, and keeps the figures in a small file: written at most once a minute, never waited for. */
import { mkdirSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { PathConfig } from '../config/schema.ts';
import type { Logger } from '../log.ts';
import { type Notice, notice } from '../model/event.ts';
import type { PathStatus } from '../model/status.ts';
import { AllowanceMeter, type AllowanceState, monthOf } from '../uplink/allowance.ts';

const writeEveryMs = 60_000;
const megabyte = 1_000_000;
const fileSchema = z.record(z.string(), z.object({ month: z.string().nullable(), bytes: z.number().nonnegative() }));

export interface AllowancesOptions {
  paths: readonly PathConfig[];
  file: string;
  /** May this path be used? */
  onAllow(path: string, allowed: boolean): void;
  onNotice(one: Notice): void;
  log: Logger;
}

export class Allowances {
  readonly #options: AllowancesOptions;
  readonly #meters = new Map<string, { config: PathConfig; meter: AllowanceMeter }>();
  #writeAtMs = 0;
  #writing: Promise<void> | null = null;
  #failed = false;

  /** Reads the file: before anything is on air. */
  constructor(options: AllowancesOptions) {
    this.#options = options;
    const limited = options.paths.filter(({ allowanceMb }) => allowanceMb !== undefined);
    if (limited.length === 0) return;
    const kept = read(options.file);
    for (const config of limited) {
      const meter = new AllowanceMeter({ bytes: (config.allowanceMb ?? 0) * megabyte, warnPct: config.allowanceWarnPct }, kept[config.id]);
      this.#meters.set(config.id, { config, meter });
      if (meter.state === 'used') this.#tell(config, meter, 'ok');
    }
  }

  /** Other paths, or other allowances: what was used stays used. `paths`: their counters now. */
  reconfigure(configs: readonly PathConfig[], paths: readonly PathStatus[]): void {
    const before = new Map(this.#meters);
    this.#meters.clear();
    for (const config of configs) {
      if (config.allowanceMb === undefined) continue;
      const allowance = { bytes: config.allowanceMb * megabyte, warnPct: config.allowanceWarnPct };
      const meter = before.get(config.id)?.meter ?? new AllowanceMeter(allowance, undefined, bytesOf(paths, config.id));
      const state = meter.allow(allowance);
      this.#meters.set(config.id, { config, meter });
      if (state !== null) this.#tell(config, meter, state);
    }
    for (const [id, { meter }] of before) {
      if (this.#meters.has(id)) continue;
      this.#options.onAllow(id, true);
      if (meter.state !== 'ok') this.#tellFree(id, meter.state);
    }
    this.#writeAtMs = 0;
  }

  /** To be called each second. `wallMs`: null while the clock is not set. */
  turn(paths: readonly PathStatus[], wallMs: number | null, nowMs: number): void {
    if (this.#meters.size === 0) return;
    for (const [id, { config, meter }] of this.#meters) {
      const before = meter.count(bytesOf(paths, id), monthOf(wallMs));
      if (before !== null) this.#tell(config, meter, before);
      this.#options.onAllow(id, meter.state !== 'used');
    }
    if (nowMs < this.#writeAtMs || this.#writing !== null) return;
    this.#writeAtMs = nowMs + writeEveryMs;
    void this.save();
  }

  /** How much a path has used this month; null: it has no allowance. */
  usage(id: string): PathStatus['data'] {
    const known = this.#meters.get(id);
    if (known === undefined) return null;
    const { month, bytes } = known.meter.usage;
    return { month, usedBytes: bytes, allowedBytes: (known.config.allowanceMb ?? 0) * megabyte, state: known.meter.state };
  }

  /** Never rejects. What is being written already may be older than what is to be kept now. */
  async save(): Promise<void> {
    if (this.#meters.size === 0) return;
    // Set before anything is awaited: two that wrote at once would tear the file.
    const mine = (this.#writing ?? Promise.resolve()).then(() => this.#write());
    this.#writing = mine;
    await mine;
    if (this.#writing === mine) this.#writing = null;
  }

  async #write(): Promise<void> {
    const { file, log } = this.#options;
    try {
      const text = JSON.stringify(Object.fromEntries([...this.#meters].map(([id, { meter }]) => [id, meter.usage])));
      await writeFile(`${file}.new`, `${text}\n`, { mode: 0o600 });
      await rename(`${file}.new`, file);
      this.#failed = false;
    } catch (error) {
      if (!this.#failed)
        log.warn({ code: (error as NodeJS.ErrnoException).code, file }, 'the use of data cannot be kept: after a restart it is counted from the last figure');
      this.#failed = true;
    }
  }

  #tellFree(id: string, from: AllowanceState): void {
    const text = `path ${id} has no allowance any more`;
    this.#options.onNotice(
      notice({ severity: 'clear', subject: { kind: 'path', id }, what: 'path.allowance', from, to: 'ok', reason: 'config-changed', text }),
    );
  }

  #tell({ id, allowanceMb }: PathConfig, meter: AllowanceMeter, from: AllowanceState): void {
    const { state, usage } = meter;
    const usedMb = Math.round(usage.bytes / megabyte);
    const texts: Record<AllowanceState, string> = {
      ok: `path ${id} has used ${usedMb} of ${allowanceMb} MB: its allowance is free again`,
      low: `path ${id} has used ${usedMb} of the ${allowanceMb} MB that it is allowed this month`,
      used: `path ${id} has used up its allowance of ${allowanceMb} MB and is stopped until next month: raise allowanceMb to go on`,
    };
    this.#options.onNotice(
      notice({
        severity: state === 'ok' ? 'clear' : 'warning',
        subject: { kind: 'path', id },
        what: 'path.allowance',
        from,
        to: state,
        reason: state === 'ok' ? 'recovered' : state === 'low' ? 'allowance-low' : 'allowance-used',
        text: texts[state],
        measured: { usedMb, allowedMb: allowanceMb ?? 0 },
      }),
    );
  }
}

/** Over all destinations. */
function bytesOf(paths: readonly PathStatus[], id: string): number {
  return paths.filter((path) => path.id === id).reduce((sum, { sentBytes, receivedBytes }) => sum + sentBytes + receivedBytes, 0);
}

/** A file that is missing or damaged counts as none: it must not keep the box off air. */
function read(file: string): z.infer<typeof fileSchema> {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o750 });
    return fileSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {};
  }
}
