/** Reads the box's vitals, cheaply: what changes slowly is asked for rarely. */
import { execFile } from 'node:child_process';
import { constants, type StatsFs } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { loadavg, uptime } from 'node:os';
import { promisify } from 'node:util';
import type si from 'systeminformation';
import {
  type PowerFacts,
  pmicPower,
  raspberryPower,
  readBoardModel,
  readJetsonPower,
  readRaspberryPower,
  readSensorPower,
  readThermalZones,
  timesyncSynchronised,
} from '../../board/facts.ts';
import { type FlashFacts, readFlash } from '../../board/flash.ts';
import { monoMs } from '../../clock.ts';
import type { VitalsStatus } from '../../model/vitals.ts';
import { clockSynchronised } from './clock-sync.ts';

// Two of its twenty parts: the whole package is 700 kB of source that a daemon would keep for ever.
const part = createRequire(import.meta.url);
const { currentLoad } = part('systeminformation/lib/cpu.js') as Pick<typeof si, 'currentLoad'>;
const { mem } = part('systeminformation/lib/memory.js') as Pick<typeof si, 'mem'>;

const unknownPower: PowerFacts = { underVoltage: null, throttled: null, throttledSinceBoot: null, powerW: null };
/** A child process each time: only where there is no file, and not often. */
const vcgencmdEveryMs = 15_000;
/** It changes in months. */
const flashEveryMs = 3_600_000;

export interface VitalsReader {
  read(): Promise<VitalsStatus>;
}

/** @param root `/`, or a tree of a test. @param directory whose disk is watched. */
export function vitalsReader(root: string, directory: string): VitalsReader {
  let model: string | null | undefined;
  let jetsonEvents: number | null = null;
  const throttled = vcgencmdReader(['get_throttled'], raspberryPower);
  const pmic = vcgencmdReader(['pmic_read_adc'], pmicPower);
  const flash = flashReader(root, directory);

  const power = async (): Promise<PowerFacts> => {
    const raspberry = await readRaspberryPower(root);
    if (raspberry !== null) return raspberry;
    const jetson = await readJetsonPower(root, jetsonEvents);
    if (jetson !== null) {
      jetsonEvents = jetson.events;
      return jetson.facts;
    }
    return (model?.startsWith('Raspberry Pi') && (await throttled())) || unknownPower;
  };

  /** Where the board's own facts say nothing of it. */
  const watts = async (): Promise<number | null> => (await readSensorPower(root)) ?? (model?.startsWith('Raspberry Pi 5') ? pmic() : null);

  return {
    async read() {
      if (model === undefined) model = await readBoardModel(root);
      const [load, memory, zones, facts, disk, worn] = await Promise.all([currentLoad(), mem(), readThermalZones(root), power(), readDisk(directory), flash()]);
      const temperatures = Object.values(zones);
      return {
        monoMs: monoMs(),
        uptimeS: Math.round(uptime()),
        model,
        cpuPct: Number.isFinite(load.currentLoad) ? Math.round(load.currentLoad * 10) / 10 : null,
        load1: loadavg()[0] ?? 0,
        memoryTotalBytes: memory.total,
        memoryAvailableBytes: memory.available,
        ...disk,
        temperatureC: temperatures.length === 0 ? null : Math.max(...temperatures),
        zones,
        ...facts,
        powerW: facts.powerW ?? (await watts()),
        flash: worn,
        clockSynchronised: timesyncSynchronised(root) || clockSynchronised(),
      };
    },
  };
}

async function readDisk(directory: string): Promise<Pick<VitalsStatus, 'diskTotalBytes' | 'diskUsedPct' | 'diskWritable'>> {
  let stats: StatsFs;
  try {
    stats = await statfs(directory);
  } catch {
    return { diskTotalBytes: null, diskUsedPct: null, diskWritable: null };
  }
  const writable = await access(directory, constants.W_OK).then(
    () => true,
    () => false,
  );
  const used = stats.blocks - stats.bfree;
  // As `df`: what is reserved for root does not count as room.
  const usable = used + stats.bavail;
  return { diskTotalBytes: stats.blocks * stats.bsize, diskUsedPct: usable === 0 ? null : Math.round((1000 * used) / usable) / 10, diskWritable: writable };
}

/** Raspberry Pi: the firmware's own tool. Null while it does not answer. */
function vcgencmdReader<T>(args: string[], parse: (text: string) => T | null): () => Promise<T | null> {
  let last: { atMs: number; facts: T | null } | null = null;
  let missing = false;
  return async () => {
    if (missing) return null;
    if (last !== null && monoMs() - last.atMs < vcgencmdEveryMs) return last.facts;
    try {
      const { stdout } = await promisify(execFile)('vcgencmd', args, { timeout: 2000 });
      last = { atMs: monoMs(), facts: parse(stdout) };
    } catch (error) {
      missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      last = { atMs: monoMs(), facts: null };
    }
    return last.facts;
  };
}

function flashReader(root: string, directory: string): () => Promise<FlashFacts | null> {
  let last: { atMs: number; facts: FlashFacts | null } | null = null;
  return async () => {
    if (last !== null && monoMs() - last.atMs < flashEveryMs) return last.facts;
    const facts = await stat(directory).then(
      ({ dev }) => readFlash(root, dev),
      () => null,
    );
    last = { atMs: monoMs(), facts };
    return facts;
  };
}
