/**
 * How often the content watches are wrong: the worker's own branches, the watch and the verdict, on half an hour of pictures and half an hour of
 * sound that nothing is wrong with, and on faults that are really there. Faster than real time; no clock but that of the material.
 * `npm run bench -- watches [--fresh] [--only WORD]`; --fresh: on material that no threshold was chosen on.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { watchSchema } from '../src/config/inputs.ts';
import { initialHealth, judgeHealth, type Sample, type WatchLimits } from '../src/engine/health.ts';
import { ContentWatch, type SeenPicture } from '../src/inputs/content.ts';
import { freshBrokenPictures, freshBrokenSounds, freshPictures, freshSounds } from './watches/fresh-material.ts';
import { brokenPictures, brokenSounds, codecs, type Material, pictures, sounds, type Watch } from './watches/material.ts';

/** Pictures and levels come ten times a second. */
const stepMs = 100;
const usual = watchSchema.parse({});
const settings: { name: string; limits: Record<Watch, number> }[] = [
  { name: 'times of 1 s', limits: { frozen: 1000, black: 1000, silence: 1000 } },
  { name: 'usual times', limits: { frozen: usual.frozenMs, black: usual.blackMs, silence: usual.silenceMs } },
];
const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, figures: { type: 'boolean', default: false }, fresh: { type: 'boolean', default: false } },
});

function make({ graph, seconds, codec }: Material): string {
  const { args, container } = codecs[codec];
  const file = join(
    tmpdir(),
    `tandem-material-${createHash('sha256')
      .update(JSON.stringify([graph, seconds, args]))
      .digest('hex')
      .slice(0, 12)}`,
  );
  if (existsSync(file)) return file;
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', graph, '-t', String(seconds), ...args, '-f', container, '-y', `${file}.part`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  renameSync(`${file}.part`, file);
  return file;
}

function look<T>(file: string, what: 'picture' | 'sound'): T[] {
  const path = fileURLToPath(new URL('./watches/look.ts', import.meta.url));
  const env = { ...process.env, UV_THREADPOOL_SIZE: '8' };
  const { stdout, stderr } = spawnSync(process.execPath, [path, file, what], { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024, env });
  if (stdout === '') throw new Error(`nothing was seen of ${file}: ${stderr}`);
  return JSON.parse(stdout) as T[];
}

const off: WatchLimits = { ...usual, stallMs: 0, frozenMs: 0, blackMs: 0, silenceMs: 0, continuityPerSecond: 0 };
const nothingWrong: Sample = {
  delivering: true,
  reason: 'started',
  dataAgeMs: 0,
  stillMs: null,
  noPictureMs: null,
  blackMs: null,
  silentMs: null,
  kbps: 0,
  expectedKbps: null,
  continuityErrors: 0,
  lossPercent: null,
  retransmitPercent: null,
  rttMs: null,
  pictures: null,
  expectedFps: null,
  softwareEncoded: false,
};

/** When each complaint of one watch began, ms of the material. One watch at a time: a graver one would hide it. */
function complaints(watch: Watch, limitMs: number, steps: readonly (SeenPicture | number | null)[]): number[] {
  const content = new ContentWatch();
  const limits = { ...off, [`${watch}Ms`]: limitMs };
  const found: number[] = [];
  let state = initialHealth;
  let complained = false;
  for (const [index, step] of steps.entries()) {
    const nowMs = (index + 1) * stepMs;
    if (step === null || typeof step === 'number') content.hear(step, usual.silenceDb, nowMs);
    else content.see(step, nowMs);
    const age = (sinceMs: number): number | null => (sinceMs === 0 ? null : nowMs - sinceMs);
    const sample = { ...nothingWrong, stillMs: age(content.movedMs), blackMs: age(content.litMs), silentMs: age(content.soundMs) };
    const judged = judgeHealth(state, sample, nowMs, limits);
    state = judged.state;
    if (!judged.verdict.usable && !complained) found.push(nowMs);
    complained = !judged.verdict.usable;
  }
  return found;
}

interface Tally {
  seconds: number;
  wrong: number;
}

/** The complaints that no fault explains, and the delays of those that one does. A fault is over for the watch a second after its end. */
function sort(found: readonly number[], fault: Material['fault'], limitMs: number, seconds: number): { wrong: number; delays: number[]; faults: number } {
  if (fault === undefined) return { wrong: found.length, delays: [], faults: 0 };
  const rounds = Math.floor((seconds * 1000 - fault.toMs) / fault.everyMs) + 1;
  // A fault shorter than the time is none.
  const faults = fault.toMs - fault.fromMs > limitMs ? rounds : 0;
  const delays: number[] = [];
  let wrong = 0;
  for (const at of found) {
    const within = (at % fault.everyMs) - fault.fromMs;
    if (within >= 0 && within <= fault.toMs - fault.fromMs + 1000) delays.push(within);
    else wrong++;
  }
  return { wrong, delays, faults };
}

const tallies = new Map<string, Tally>();

function measure(material: Material, watches: readonly Watch[], what: 'picture' | 'sound'): void {
  const steps = look<SeenPicture | number | null>(make(material), what);
  const seconds = (steps.length * stepMs) / 1000;
  const cells: string[] = [];
  for (const { name, limits } of settings) {
    for (const watch of watches) {
      const found = complaints(watch, limits[watch], steps);
      const fault = material.fault?.watch === watch ? material.fault : undefined;
      // What goes on while something else is broken belongs to no count.
      if (material.fault !== undefined && fault === undefined) continue;
      const { wrong, delays, faults } = sort(found, fault, limits[watch], seconds);
      if (material.letter === undefined) {
        const tally = tallies.get(`${watch}, ${name}`) ?? { seconds: 0, wrong: 0 };
        tallies.set(`${watch}, ${name}`, { seconds: tally.seconds + seconds, wrong: tally.wrong + wrong });
      }
      const delay = delays.length === 0 ? '' : ` after ${Math.min(...delays)} to ${Math.max(...delays)} ms`;
      cells.push(`${watch} ${limits[watch]} ms: ${fault === undefined ? `${wrong} false` : `${delays.length} of ${faults} found${delay}, ${wrong} false`}`);
    }
  }
  console.log(
    `${material.name} (${material.codec}, ${seconds} s${material.letter === undefined ? '' : `; by the letter: ${material.letter}`})\n  ${cells.join('; ')}`,
  );
  if (values.figures) print(steps);
}

/** How the figures are spread, for whoever chooses a threshold. */
function print(steps: readonly (SeenPicture | number | null)[]): void {
  const names = Object.keys(steps.find((step) => typeof step === 'object' && step !== null) ?? {}).filter((name) => name !== 'type');
  for (const name of names) {
    const sorted = steps.map((step) => (step as unknown as Record<string, number>)[name] ?? Number.NaN).sort((a, b) => a - b);
    const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(4);
    console.log(`    ${name}: min ${at(0)}, 5 % ${at(0.05)}, median ${at(0.5)}, 95 % ${at(0.95)}, max ${at(1)}`);
  }
  if (names.length > 0) return;
  const heard = steps.filter((step): step is number => typeof step === 'number').sort((a, b) => a - b);
  console.log(
    `    dBFS: 5 % ${heard[Math.floor(heard.length * 0.05)]}, median ${heard[heard.length >> 1]}; digital silence ${steps.length - heard.length} of ${steps.length}`,
  );
}

const wanted = ({ name, codec }: Material): boolean => `${name} ${codec}`.includes(values.only);
const [seen, heard] = values.fresh
  ? [
      [...freshPictures, ...freshBrokenPictures],
      [...freshSounds, ...freshBrokenSounds],
    ]
  : [
      [...pictures, ...brokenPictures],
      [...sounds, ...brokenSounds],
    ];
for (const material of seen.filter(wanted)) measure(material, ['frozen', 'black'], 'picture');
for (const material of heard.filter(wanted)) measure(material, ['silence'], 'sound');
for (const [name, { seconds, wrong }] of tallies)
  console.log(`${name}: ${wrong} false in ${(seconds / 60).toFixed(1)} min, ${((wrong * 3600) / seconds).toFixed(1)} an hour`);
