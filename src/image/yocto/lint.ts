// biome-ignore-all lint/suspicious/noTemplateCurlyInString: BitBake writes its variables like that.
/**
 * A plain-text lint of `yocto-layer/`: what BitBake would refuse, or take without a word and get wrong, found without BitBake. Pure: it is
 * given the files and returns sentences.
 */
import { parse } from 'yaml';
import { machines, readPins } from './pins.ts';

export interface Layer {
  /** Text of each file by its path below `yocto-layer/`. */
  files: ReadonlyMap<string, string>;
  /** Names of all files of the repository, from its root. */
  repository: ReadonlySet<string>;
  /** Text of package.json. */
  manifest: string;
  /** Text of debian-packages.txt. */
  debianPackages: string;
  /** Text of systemd/tandem.sysusers. */
  sysusers: string;
  /** Units that the bundle brings. */
  units: readonly string[];
}

/** What Yocto has for each Debian package of group `run`: all of these must be asked for. An empty list: said why. */
export const counterparts: Record<string, readonly string[]> = {
  'gstreamer1.0-plugins-base': ['gstreamer1.0-plugins-base-meta'],
  'gstreamer1.0-plugins-good': ['gstreamer1.0-plugins-good-meta'],
  'gstreamer1.0-plugins-bad': ['gstreamer1.0-plugins-bad-meta'],
  'gstreamer1.0-plugins-ugly': ['gstreamer1.0-plugins-ugly-meta'],
  'gstreamer1.0-libav': ['gstreamer1.0-libav'],
  // PACKAGECONFIG alsa and pango of plugins-base.
  'gstreamer1.0-alsa': ['gstreamer1.0-plugins-base-meta'],
  'gstreamer1.0-x': ['gstreamer1.0-plugins-base-meta'],
  'gstreamer1.0-tools': ['gstreamer1.0'],
  'libsrt1.5-gnutls': ['srt'],
  'fonts-dejavu-core': ['ttf-dejavu-sans', 'ttf-dejavu-sans-mono'],
  iproute2: ['iproute2'],
};

/** What a PACKAGECONFIG must have for Tandem to encode, send and show the time. */
const options: Record<string, readonly string[]> = {
  'recipes-multimedia/gstreamer/gstreamer1.0-plugins-bad_%.bbappend': ['srt', 'voaacenc'],
  'recipes-multimedia/gstreamer/gstreamer1.0-plugins-base_%.bbappend': ['alsa', 'pango'],
  'recipes-multimedia/gstreamer/gstreamer1.0-plugins-good_%.bbappend': ['v4l2', 'jpeg'],
  'recipes-multimedia/gstreamer/gstreamer1.0-plugins-ugly_%.bbappend': ['x264'],
};

export function lintLayer(layer: Layer): string[] {
  return [
    ...lintConfiguration(layer),
    ...[...layer.files].flatMap(([path, text]) => (/\.(bb|bbappend|inc|conf)$/.test(path) && !/\/files\//.test(path) ? lintMetadata(layer, path, text) : [])),
    ...lintPins(layer),
    ...lintDaemon(layer),
    ...lintSlots(layer),
    ...lintUpdates(layer),
    ...lintSecrets(layer),
  ];
}

function lintConfiguration({ files }: Layer): string[] {
  const findings: string[] = [];
  const conf = files.get('conf/layer.conf') ?? '';
  const collection = /BBFILE_COLLECTIONS \+= "(\S+)"/.exec(conf)?.[1] ?? '';
  for (const variable of ['BBFILE_PATTERN', 'BBFILE_PRIORITY', 'LAYERDEPENDS'])
    if (!conf.includes(`${variable}_${collection} =`)) findings.push(`conf/layer.conf: no ${variable}_${collection}`);
  if (!conf.includes(`LAYERSERIES_COMPAT_${collection} = "wrynose"`)) findings.push('conf/layer.conf: LAYERSERIES_COMPAT must be wrynose');
  for (const [path] of files) {
    if (/^(wic|scripts\/lib\/wic)\//.test(path)) findings.push(`${path}: wrynose looks for wks files in files/wic/ only`);
    const dynamic = /^dynamic-layers\/([^/]+)\//.exec(path)?.[1];
    if (dynamic !== undefined && !conf.includes(`${dynamic}:\${LAYERDIR}/dynamic-layers/${dynamic}/`))
      findings.push(`${path}: BBFILES_DYNAMIC does not know ${dynamic}`);
    if (/\.(bb|bbappend)$/.test(path) && !/^(dynamic-layers\/[^/]+\/)?recipes-[^/]+\/[^/]+\/[^/]+$/.test(path))
      findings.push(`${path}: BBFILES finds recipes in recipes-*/*/ only`);
  }
  for (const machine of Object.keys(machines).filter((name) => !name.startsWith('jetson')))
    if (!files.has(`files/wic/tandem-${machine}.wks.in`)) findings.push(`files/wic/tandem-${machine}.wks.in is missing`);
  return findings;
}

/** Comments away, continued lines joined, so that each assignment is one line. */
export function logicalLines(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n/g, ' ')
    .split('\n');
}

function lintMetadata(layer: Layer, path: string, text: string): string[] {
  const findings: string[] = [];
  const complain = (what: string): void => void findings.push(`${path}: ${what}`);
  const lines = logicalLines(text);
  const values = new Map<string, string[]>();
  for (const line of lines) {
    const [, name, , value] = /^([A-Z][\w:.${}-]*(?:\[\w+\])?)\s*(\?\?=|\?=|:=|\+=|=\+|\.=|=\.|=)\s*["'](.*)["']\s*$/.exec(line) ?? [];
    if (name !== undefined) values.set(name, [...(values.get(name) ?? []), value ?? '']);
    else if (/^[A-Z][\w:]*\s*[?:+.]*=/.test(line) && !/=\s*["'].*["']\s*$/.test(line)) complain(`a value without its two quotes: ${line.trim()}`);
    const old = /^\w+?_(append|prepend|remove)(_\w+)?\s*(=|\()/.exec(line);
    if (old !== null) complain(`override in the old syntax (_${old[1]}); BitBake takes it for another variable`);
    // Only layer.conf's own variables end in the name of a collection.
    const package_ = /^(RDEPENDS|RRECOMMENDS|RPROVIDES|FILES|CONFFILES|SYSTEMD_SERVICE|INSANE_SKIP)(_\S+)?\s*[?:+.]*=/.exec(line);
    if (package_ !== null) complain(`${package_[1]} belongs to a package: ${package_[1]}:\${PN}`);
    if (/:(append|prepend|remove)(:\S+)?\s*\+=/.test(line)) complain('an operator after :append or :remove is not what it seems to be');
    const bare = /:append(?::\S+)?\s*=\s*"([^" \\$])/.exec(line);
    if (bare !== null) complain(`:append adds no space: ${line.trim()}`);
  }
  if (/\bnpm(sw)?:\/\/|^inherit\b.*\bnpm\b/m.test(text)) complain('BitBake has no npm fetcher any more; the application comes as a bundle');
  if (/layer\/wic\//.test(text)) complain('wks files lie in files/wic/');
  if (/\$\{WORKDIR\}\/(?!build\b|boot\.)/.test(text)) complain('unpacked files are below UNPACKDIR, not WORKDIR');
  if (path.endsWith('.bb')) for (const what of lintRecipe(path, text, values)) complain(what);
  for (const what of missingFiles(layer, path, lines, values)) complain(what);
  if (/\.(bb|bbappend)$/.test(path)) for (const what of missingUnits(layer, values)) complain(what);
  return findings;
}

function lintRecipe(path: string, text: string, values: ReadonlyMap<string, string[]>): string[] {
  const findings: string[] = [];
  const license = values.get('LICENSE')?.[0];
  if (!values.has('SUMMARY')) findings.push('no SUMMARY');
  if (license === undefined) findings.push('no LICENSE');
  // Recipes that fetch nothing of their own (images, package groups, bundles) have no text to point at.
  const generic = /^inherit .*\b(core-image|packagegroup|bundle)\b/m.test(text);
  if (license !== undefined && license !== 'CLOSED' && !generic && !values.has('LIC_FILES_CHKSUM')) findings.push('no LIC_FILES_CHKSUM');
  for (const [, md5] of (values.get('LIC_FILES_CHKSUM') ?? []).join(' ').matchAll(/md5=(\w*)/g))
    if (!/^[0-9a-f]{32}$/.test(md5 ?? '')) findings.push('md5 of LIC_FILES_CHKSUM is not one');
  if (values.has('SRC_URI') && !generic) {
    const source = values.get('S')?.at(-1);
    if (source === undefined || !source.startsWith('${UNPACKDIR}')) findings.push('S must be below UNPACKDIR');
    if (/\b(https?|ftp):\/\//.test((values.get('SRC_URI') ?? []).join(' ')) && ![...values.keys()].some((name) => /^SRC_URI\[(\w+\.)?sha256sum\]$/.test(name)))
      findings.push('what is fetched has no sha256sum');
  }
  const file = path.split('/').at(-1) ?? '';
  // The distribution's name is an override, in which a recipe of that name would lose its own variables.
  if (/^tandem(_|\.)/.test(file)) findings.push('a recipe must not be called as the distribution is');
  if (!/^[a-z0-9.+-]+(_[0-9][\w.+-]*)?\.bb$/.test(file)) findings.push('a recipe is called name_version.bb');
  return findings;
}

/** Folders that SRC_URI is searched in, from the root of the repository: FILESEXTRAPATHS, then `<name>/` and `files/` beside the recipe. */
function missingFiles({ files, repository }: Layer, path: string, lines: readonly string[], values: ReadonlyMap<string, string[]>): string[] {
  const folder = path.split('/').slice(0, -1).join('/');
  const name = (path.split('/').at(-1) ?? '').replace(/(_.*)?\.(bb|bbappend|inc)$/, '');
  const extra = lines.flatMap((line) => /^FILESEXTRAPATHS:prepend := "(.*)"/.exec(line)?.[1]?.split(':').filter(Boolean) ?? []);
  const findings: string[] = [];
  if (lines.some((line) => /^FILESEXTRAPATHS(?!:prepend :=)/.test(line))) findings.push('FILESEXTRAPATHS:prepend := is the form that works');
  const folders = extra
    .filter((one) => !one.includes('${TANDEM_KEYS}'))
    .map((one) => one.replace('${THISDIR}', `yocto-layer/${folder}`).replace('${TANDEM_CHECKOUT}/', '').replace(/\/$/, ''));
  for (const one of folders) if (![...repository].some((file) => file.startsWith(`${one}/`))) findings.push(`FILESEXTRAPATHS names ${one}, which is not there`);
  const searched = [...folders, ...(path.endsWith('.bb') ? [`yocto-layer/${folder}/${name}`, `yocto-layer/${folder}/files`] : [])];
  const sources = [...values].filter(([variable]) => /^SRC_URI(:(append|prepend)(:\S+)?)?$/.test(variable)).flatMap(([, texts]) => texts);
  for (const [, raw] of sources.join(' ').matchAll(/(?<!')file:\/\/([^\s;'"]+)/g)) {
    for (const one of expand(raw ?? '', values))
      if (!searched.some((where) => repository.has(`${where}/${one}`) || files.has(`${where}/${one}`.replace('yocto-layer/', ''))))
        findings.push(`file://${one} is not in ${searched.join(', ') || 'any folder that is searched'}`);
  }
  return findings;
}

/** Every value that a variable in `text` takes by its overrides; `${MACHINE}` by the machines. */
function expand(text: string, values: ReadonlyMap<string, string[]>): string[] {
  const [, variable] = /\$\{(\w+)\}/.exec(text) ?? [];
  if (variable === undefined) return [text];
  const known = [...values].flatMap(([name, list]) => (name === variable || name.startsWith(`${variable}:`) ? list : []));
  const ways = variable === 'MACHINE' ? Object.keys(machines).filter((machine) => !machine.startsWith('jetson')) : known;
  return ways.flatMap((way) => expand(text.replace(`\${${variable}}`, way), values));
}

/** Units that a recipe enables must be brought by it: by the bundle, or in its SRC_URI. */
function missingUnits({ units }: Layer, values: ReadonlyMap<string, string[]>): string[] {
  const named = [...values].flatMap(([name, list]) => (name.startsWith('SYSTEMD_SERVICE:') ? list.join(' ').trim().split(/\s+/) : []));
  const brought = (values.get('SRC_URI') ?? []).join(' ');
  return named.filter((unit) => !units.includes(unit) && !brought.includes(`file://${unit}`)).map((unit) => `the unit ${unit} is brought by nothing`);
}

function lintPins({ files }: Layer): string[] {
  const findings: string[] = [];
  const text = files.get('layers.txt') ?? '';
  const pins = readPins(text);
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  if (pins.length !== lines.length) findings.push('layers.txt: a line is name, repository, branch, commit');
  for (const { name, commit } of pins)
    if (!/^[0-9a-f]{40}$/.test(commit)) findings.push(`layers.txt: the pin of ${name} is not a commit (40 hexadecimal digits)`);
  const kas = [...files].filter(([path]) => /^kas\/.*\.yml$/.test(path));
  for (const machine of Object.keys(machines)) if (!files.has(`kas/${machine}.yml`)) findings.push(`kas/${machine}.yml is missing`);
  const seen = new Set<string>();
  for (const [path, content] of kas) {
    const { repos = {} } = parse(content) as { repos?: Record<string, { url?: string; commit?: string; branch?: string } | null> };
    for (const [name, repo] of Object.entries(repos)) {
      // This repository itself.
      if (repo?.url === undefined) continue;
      seen.add(name);
      const pin = pins.find((one) => one.name === name);
      if (pin === undefined) findings.push(`${path}: ${name} is not in layers.txt`);
      else if (pin.commit !== repo.commit || pin.repository !== repo.url || pin.branch !== repo.branch)
        findings.push(`${path}: ${name} is not what layers.txt pins`);
    }
  }
  for (const { name } of pins) if (!seen.has(name)) findings.push(`layers.txt pins ${name}, which no file in kas/ has`);
  return findings;
}

/** The recipe of the daemons against the sources of the package. */
function lintDaemon({ files, manifest, debianPackages, sysusers, units }: Layer): string[] {
  const findings: string[] = [];
  const { version } = JSON.parse(manifest) as { version: string };
  const path = `recipes-tandem/tandem/tandem-daemons_${version}.bb`;
  const recipe = files.get(path);
  if (recipe === undefined) return [`${path} is missing: package.json is of version ${version}`];
  if (!files.get('conf/distro/tandem.conf')?.includes(`DISTRO_VERSION = "${version}"`))
    findings.push(`conf/distro/tandem.conf: DISTRO_VERSION is not ${version}`);
  const depends = new Set(logicalLines(recipe).flatMap((line) => /^RDEPENDS:\$\{PN\} \+= "(.*)"/.exec(line)?.[1]?.trim().split(/\s+/) ?? []));
  for (const [, name] of debianPackages.matchAll(/^run\s+(\S+)/gm)) {
    const wanted = counterparts[name ?? ''];
    if (wanted === undefined) findings.push(`${path}: Debian's ${name} has no counterpart here`);
    for (const one of wanted ?? []) if (!depends.has(one)) findings.push(`${path}: RDEPENDS lacks ${one}, the counterpart of Debian's ${name}`);
  }
  for (const unit of units) if (!recipe.includes(unit)) findings.push(`${path}: ${unit} is not enabled`);
  for (const [, kind, name] of sysusers.matchAll(/^([gu])\s+(\S+)/gm)) {
    const pattern = kind === 'g' ? new RegExp(`--system ${name}[;"]`) : new RegExp(`--system .* ${name}[; ]`);
    if (!pattern.test(recipe)) findings.push(`${path}: ${kind === 'g' ? 'group' : 'user'} ${name} of systemd/tandem.sysusers is not made`);
  }
  for (const [append, wanted] of Object.entries(options))
    for (const one of wanted)
      if (!new RegExp(`^PACKAGECONFIG.*[" ]${one}[ "]`, 'm').test(files.get(append) ?? '')) findings.push(`${append}: PACKAGECONFIG lacks ${one}`);
  if (!files.get('recipes-support/srt/srt_%.bbappend')?.includes('-DENABLE_BONDING=ON'))
    findings.push('recipes-support/srt/srt_%.bbappend: libsrt without bonding');
  return findings;
}

/** Each partition that RAUC or the boot loader names is made by the machine's wks file, in the place that the boot loader counts on. */
function lintSlots({ files }: Layer): string[] {
  const findings: string[] = [];
  for (const machine of Object.keys(machines).filter((name) => !name.startsWith('jetson'))) {
    const labels = [...(files.get(`files/wic/tandem-${machine}.wks.in`) ?? '').matchAll(/^part .*--part-name (\S+)/gm)].map(([, label]) => label ?? '');
    const conf = files.get(`dynamic-layers/rauc/recipes-core/rauc/files/system-${machine}.conf`);
    if (conf === undefined) findings.push(`there is no system-${machine}.conf for RAUC`);
    for (const [, label] of (conf ?? '').matchAll(/by-partlabel\/(\S+)/g))
      if (!labels.includes(label ?? '')) findings.push(`system-${machine}.conf: no partition ${label}`);
    if (labels.at(-1) !== 'data') findings.push(`tandem-${machine}.wks.in: data must be the last partition, so that it can grow`);
    const numbers = machine === 'raspberrypi5' ? { 'boot-a': 2, 'boot-b': 3 } : machine === 'raspberrypi4-64' ? { 'slot-a': 2, 'slot-b': 3 } : {};
    for (const [label, number] of Object.entries(numbers))
      if (labels[number - 1] !== label) findings.push(`tandem-${machine}.wks.in: ${label} must be partition ${number}`);
    if (conf !== undefined && !conf.includes('bundle-formats=verity')) findings.push(`system-${machine}.conf: other formats than verity are taken`);
  }
  if (!/^RAUC_BUNDLE_FORMAT = "verity"$/m.test(files.get('dynamic-layers/rauc/recipes-core/bundles/tandem-update-bundle.bb') ?? ''))
    findings.push('the update bundle is not of format verity');
  return findings;
}

/** What an update that is asked for over MQTT needs: control may ask RAUC, and nobody else but root; the kernel has what RAUC reads https through. */
function lintUpdates({ files, sysusers }: Layer): string[] {
  const findings: string[] = [];
  const folder = 'dynamic-layers/rauc/recipes-core/rauc';
  const policy = files.get(`${folder}/files/de.pengutronix.rauc.conf`) ?? '';
  if (/<policy (context|at_console|group)=/.test(policy)) findings.push('de.pengutronix.rauc.conf: others than root and one user may ask RAUC');
  const users = [...policy.matchAll(/<policy user="([^"]+)"/g)].map(([, user]) => user ?? '').filter((user) => user !== 'root');
  if (users.length === 0) findings.push('de.pengutronix.rauc.conf: the control daemon may not ask RAUC');
  for (const user of users)
    if (!new RegExp(`^u ${user} `, 'm').test(sysusers)) findings.push(`de.pengutronix.rauc.conf: user ${user} is not made by systemd/tandem.sysusers`);
  if (!/^ +install .*\/dbus-1\/system\.d\/de\.pengutronix\.rauc\.conf$/m.test(files.get(`${folder}/rauc_%.bbappend`) ?? ''))
    findings.push('rauc_%.bbappend does not put de.pengutronix.rauc.conf in the place of RAUC’s own');
  const kernel = files.get('recipes-kernel/linux/files/tandem.cfg') ?? '';
  for (const symbol of ['BLK_DEV_NBD', 'DM_VERITY'])
    if (!kernel.includes(`\nCONFIG_${symbol}=y\n`)) findings.push(`tandem.cfg: no ${symbol}, without which RAUC cannot install from an address`);
  return findings;
}

function lintSecrets({ files }: Layer): string[] {
  return [...files].flatMap(([path, text]) => [
    ...(/-----BEGIN ([A-Z]+ )*PRIVATE KEY-----/.test(text) ? [`${path}: a private key`] : []),
    ...(/\.(key|pem|p12|pfx|crt)$/.test(path) ? [`${path}: keys and certificates are made by "tandem yocto keys", outside the checkout`] : []),
  ]);
}
