/**
 * `tandem yocto check`: BitBake parses every recipe of the layers and resolves the image and its update bundle: each recipe and package that
 * something asks for has a provider. Nothing is fetched, patched, compiled or packaged: a box is *not* shown to build by this.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, chownSync, createWriteStream, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { monoMs } from '../../clock.ts';
import { exitCode, FatalError } from '../../model/exit.ts';
import { checkout, workFolder } from '../package.ts';
import { Workshop } from '../tools.ts';
import { layersOf, machines, type Pin, readPins } from './pins.ts';

/** As the hardware tests' `nothingTested`: nothing is wrong, and nothing was checked. */
const skipped = 77;

export interface CheckOptions {
  layers?: string;
  machine: readonly string[];
  build: string;
  user: string;
  /** Every recipe of every layer. */
  all: boolean;
  report?: string;
}

/**
 * Recipes that have nothing to do with a box, as BitBake's BBMASK: parsing them would take most of the time. What is masked by mistake
 * shows at once, as a missing provider.
 */
const unneeded = [
  '/meta-oe/recipes-(benchmark|dbs|gnome|navigation|printing|security|shells|test)/',
  '/meta-oe/recipes-graphics/(?!ttf-fonts)',
  '/meta-oe/recipes-devtools/(?!python|perl|protobuf|cjson|jsoncpp|nlohmann-json)',
  '/meta-oe/recipes-extended/(?!polkit|duktape|jansson|libcbor|highway|libdeflate)',
  '/meta-oe/recipes-support/(?!usb-modeswitch|libusb|libgpiod|lcms|c-ares|nspr|nss|lvm2|tbb|fuse|libnvme|liburing)',
  '/meta-oe/dynamic-layers/',
  '/meta-networking/recipes-(?!filter)',
  '/meta-python/recipes-(?!devtools)',
  '/meta-python/recipes-devtools/python/(?!python3-(kconfiglib|ply|pyelftools|pybind11))',
  '/meta-multimedia/recipes-(?!support|multimedia)',
  '/meta-multimedia/recipes-multimedia/(?!libcamera|opencore-amr)',
  '/openembedded-core/meta/recipes-(sato|rt)/',
  '/meta-tegra/external/openembedded-layer/recipes-(extended/haveged|support/opencv)/',
  '/meta-raspberrypi/dynamic-layers/(openembedded-layer|meta-python|networking-layer|qt5-layer)/',
  '/meta-raspberrypi/dynamic-layers/multimedia-layer/recipes-multimedia/(libcamera-apps|rpidistro-vlc)/',
];

interface Person {
  uid: number;
  gid: number;
}

/** What BitBake's run of one target said. */
export interface Outcome {
  recipes: number;
  /** Files that were parsed, cached or not. */
  files: number;
  parseErrors: number;
  warnings: string[];
  errors: string[];
}

/** @returns 0, 1, or 77 when the layers are not there. @throws FatalError with one sentence. */
export async function checkLayer(options: CheckOptions): Promise<number> {
  const pins = readPins(readFileSync(join(checkout, 'yocto-layer/layers.txt'), 'utf8'));
  const chosen = options.machine.length > 0 ? options.machine : ['raspberrypi5', 'jetson-orin-nano-devkit'];
  for (const machine of chosen)
    if (!(machine in machines)) throw new FatalError(exitCode.usage, `there is no machine "${machine}": ${Object.keys(machines).join(', ')}`);
  const needed = new Set(['bitbake', ...chosen.flatMap((machine) => layersOf(machine).map((layer) => layer.split('/')[0] ?? layer))]);
  const layers = options.layers === undefined ? null : resolve(options.layers);
  const missing = [...needed].filter((name) => layers === null || !existsSync(join(layers, name)));
  if (layers === null || missing.length > 0) {
    const where = layers === null ? 'no folder with the layers was named (--layers)' : `${layers} lacks ${missing.join(', ')}`;
    process.stdout.write(`SKIPPED: the Yocto layer was not parsed: ${where}. yocto-layer/README.md says how to get them.\n`);
    return skipped;
  }
  const shop = new Workshop(join(workFolder, 'yocto-check.log'));
  try {
    await shop.need({
      git: 'git',
      gawk: 'gawk',
      diffstat: 'diffstat',
      chrpath: 'chrpath',
      makeinfo: 'texinfo',
      cpio: 'cpio',
      lz4: 'lz4',
      zstd: 'zstd',
      rpcgen: 'rpcsvc-proto',
    });
    const commits = await compareCommits(shop, layers, pins, needed);
    const person = await whoRuns(shop, options.user);
    let code: number = exitCode.ok;
    for (const machine of chosen) {
      const text = await checkMachine(shop, { machine, layers, build: join(resolve(options.build), machine), person, all: options.all });
      process.stdout.write(text.lines);
      if (options.report !== undefined) appendFileSync(options.report, `${commits}${text.lines}\n`);
      if (!text.ok) code = exitCode.failure;
    }
    return code;
  } finally {
    await shop.close();
  }
}

/** Says of each layer whether it is at the pinned commit; another one is checked all the same. */
async function compareCommits(shop: Workshop, layers: string, pins: readonly Pin[], needed: ReadonlySet<string>): Promise<string> {
  let lines = '';
  for (const pin of pins.filter(({ name }) => needed.has(name))) {
    const folder = join(layers, pin.name);
    const commit = (await shop.run('git', ['-c', 'safe.directory=*', '-C', folder, 'rev-parse', 'HEAD'])).trim();
    lines += `${pin.name.padEnd(18)} ${commit}${commit === pin.commit ? '' : ` (pinned: ${pin.commit})`}\n`;
    if (commit !== pin.commit) shop.say(`${pin.name} is at ${commit}, not at the pinned ${pin.commit}`);
  }
  return lines;
}

/** BitBake refuses root. */
async function whoRuns(shop: Workshop, user: string): Promise<Person | null> {
  if (process.getuid?.() !== 0) return null;
  const id = async (flag: string): Promise<number> => Number(await shop.run('id', [flag, user]));
  return { uid: await id('-u'), gid: await id('-g') };
}

interface Plan {
  machine: string;
  layers: string;
  build: string;
  person: Person | null;
  all: boolean;
}

async function checkMachine(shop: Workshop, plan: Plan): Promise<{ ok: boolean; lines: string }> {
  writeBuildFolder(plan);
  const startedMs = monoMs();
  const targets = ['tandem-image', 'tandem-update-bundle'];
  const { said, code } = await bitbake(plan, ['-g', ...targets]);
  const outcome = readOutcome(said);
  const seconds = Math.round((monoMs() - startedMs) / 1000);
  const tasks = existsSync(join(plan.build, 'task-depends.dot')) ? countTasks(readFileSync(join(plan.build, 'task-depends.dot'), 'utf8')) : 0;
  const recipes = existsSync(join(plan.build, 'pn-buildlist')) ? readFileSync(join(plan.build, 'pn-buildlist'), 'utf8').trim().split('\n').length : 0;
  const ok = code === 0 && outcome.errors.length === 0 && outcome.parseErrors === 0 && tasks > 0;
  const verdict = ok ? 'parsed and resolved, not built' : 'NOT RIGHT';
  shop.say(`${plan.machine}: ${verdict} (${seconds} s)`);
  const lines = [
    `${plan.machine}: ${verdict}`,
    `  $ bitbake -g ${targets.join(' ')}    (exit code ${code}, ${seconds} s)`,
    `  parsed: ${outcome.files} files, ${outcome.recipes} recipes, ${outcome.parseErrors} errors`,
    `  resolved: ${recipes} recipes with ${tasks} tasks, ${outcome.errors.length} errors, ${outcome.warnings.length} warnings`,
    ...outcome.errors.map((line) => `  ERROR: ${line}`),
    ...outcome.warnings.map((line) => `  WARNING: ${line}`),
  ];
  return { ok, lines: `${lines.join('\n')}\n` };
}

/** conf/ is written anew each time; BitBake's cache stays, which makes the second run short. */
function writeBuildFolder({ machine, layers, build, person, all }: Plan): void {
  mkdirSync(join(build, 'conf'), { recursive: true });
  rmSync(join(build, 'task-depends.dot'), { force: true });
  rmSync(join(build, 'pn-buildlist'), { force: true });
  const own = join(checkout, 'yocto-layer');
  const paths = [...layersOf(machine).map((layer) => join(layers, layer)), own];
  writeFileSync(join(build, 'conf/bblayers.conf'), `BBPATH = "\${TOPDIR}"\nBBFILES ?= ""\nBBLAYERS = "${paths.join(' ')}"\n`);
  writeFileSync(
    join(build, 'conf/local.conf'),
    [
      `MACHINE = "${machine}"`,
      'DISTRO = "tandem"',
      'CONF_VERSION = "2"',
      '# Nothing is fetched, not even to see whether it could be.',
      'BB_NO_NETWORK = "1"',
      'CONNECTIVITY_CHECK_URIS = ""',
      'BB_SIGNATURE_HANDLER = "OEBasicHash"',
      'BB_HASHSERVE = ""',
      ...(all ? [] : unneeded.map((expression) => `BBMASK += "${expression}"`)),
      '# Another mask must not make everything be parsed again.',
      'BB_HASHCONFIG_IGNORE_VARS:append = " BBMASK"',
      '',
    ].join('\n'),
  );
  writeFileSync(join(build, '.gitconfig'), '[safe]\n\tdirectory = *\n');
  if (person !== null)
    for (const path of ['', 'conf', 'conf/bblayers.conf', 'conf/local.conf', '.gitconfig']) chownSync(join(build, path), person.uid, person.gid);
}

function bitbake({ layers, build, person }: Plan, args: readonly string[]): Promise<{ said: string; code: number | null }> {
  const path = [join(layers, 'openembedded-core/scripts'), join(layers, 'bitbake/bin'), '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(':');
  const env = { HOME: build, LANG: 'en_US.UTF-8', LC_ALL: 'en_US.UTF-8', BUILDDIR: build, BBPATH: build, PATH: path };
  const log = createWriteStream(join(workFolder, 'yocto-bitbake.log'), { flags: 'a' });
  return new Promise((done, fail) => {
    const child = spawn(join(layers, 'bitbake/bin/bitbake'), args, { cwd: build, env, ...(person ?? {}), stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        log.write(text);
      });
    child.on('error', fail);
    child.on('close', (code) => {
      log.end();
      done({ said, code });
    });
  });
}

/** @param said everything that BitBake printed without a terminal. Pure. */
export function readOutcome(said: string): Outcome {
  // Progress ("Parsing recipes...") ends in no line end, and what is said next stands behind it.
  const lines = [
    ...new Set(
      said
        .replaceAll(/\.\.\.(?=(WARNING|ERROR): )/g, '...\n')
        .split(/[\r\n]+/)
        .map((line) => line.trim()),
    ),
  ];
  const after = (word: string): string[] => lines.flatMap((line) => (line.startsWith(`${word}: `) ? [line.slice(word.length + 2)] : []));
  const parsed = /Parsing of (\d+) \.bb files complete \((\d+) cached, (\d+) parsed\)\. (\d+) targets, (\d+) skipped, (\d+) masked, (\d+) errors/.exec(said);
  return {
    files: Number(parsed?.[1] ?? 0),
    recipes: Number(parsed?.[4] ?? 0),
    parseErrors: Number(parsed?.[7] ?? 0),
    warnings: after('WARNING'),
    errors: after('ERROR'),
  };
}

/** @param dot BitBake's task-depends.dot: a line `"recipe.task" [label=…]` for each task. */
export function countTasks(dot: string): number {
  return (dot.match(/^"[^"]+\.do_\w+" \[label=/gm) ?? []).length;
}
