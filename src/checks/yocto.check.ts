// biome-ignore-all lint/suspicious/noTemplateCurlyInString: BitBake writes its variables like that.
/** The Yocto layer, read as text: runs everywhere. `tandem yocto check` has BitBake itself judge it, where the other layers are. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemFiles } from '../image/bundle.ts';
import { type Layer, lintLayer } from '../image/yocto/lint.ts';

const root = 'yocto-layer';

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function readLayer(): Layer {
  const files = new Map(
    filesBelow(root)
      .filter((path) => !path.endsWith('/tandem-bundle.inc'))
      .map((path) => [path.slice(root.length + 1), readFileSync(path, 'utf8')]),
  );
  return {
    files,
    repository: new Set([...filesBelow(root), ...filesBelow('systemd')]),
    manifest: readFileSync('package.json', 'utf8'),
    debianPackages: readFileSync('debian-packages.txt', 'utf8'),
    sysusers: readFileSync('systemd/tandem.sysusers', 'utf8'),
    units: systemFiles.flatMap(({ to }) => /\/system\/([^/]+\.(?:service|path))$/.exec(to)?.[1] ?? []),
  };
}

const layer = readLayer();

it('the layer is right as far as its text shows', () => {
  expect(lintLayer(layer)).toEqual([]);
});

const daemon = 'recipes-tandem/tandem/tandem-daemons_0.1.0.bb';
const data = 'recipes-tandem/tandem-data/tandem-data_1.0.bb';
const slots = 'dynamic-layers/rauc/recipes-tandem/tandem-slots/tandem-slots_1.0.bb';
const policy = 'dynamic-layers/rauc/recipes-core/rauc/files/de.pengutronix.rauc.conf';
const bootfs = 'dynamic-layers/raspberrypi/recipes-bsp/tandem-bootfs/tandem-bootfs_1.0.bb';

/** One mistake each: file, what is replaced, by what, and what the lint must say of it. */
const mistakes: [string, string | RegExp, string, RegExp][] = [
  [daemon, /^SUMMARY.*\n/m, '', /no SUMMARY/],
  [daemon, /^LICENSE.*\n/m, '', /no LICENSE/],
  [bootfs, /^LIC_FILES_CHKSUM.*\n/m, '', /no LIC_FILES_CHKSUM/],
  [bootfs, 'md5=0835ade698e0bcf8506ecda2f7b4f302', 'md5=0835ade', /md5 of LIC_FILES_CHKSUM/],
  [daemon, 'S = "${UNPACKDIR}/bundle"', 'S = "${WORKDIR}/bundle"', /below UNPACKDIR/],
  [data, 'S = "${UNPACKDIR}"\n', '', /S must be below UNPACKDIR/],
  [daemon, 'RDEPENDS:${PN} +=', 'RDEPENDS_${PN} +=', /RDEPENDS:\$\{PN\}/],
  ['recipes-multimedia/gstreamer/gstreamer1.0-plugins-ugly_%.bbappend', 'PACKAGECONFIG:append', 'PACKAGECONFIG_append', /old syntax \(_append\)/],
  ['recipes-multimedia/gstreamer/gstreamer1.0-plugins-ugly_%.bbappend', '" x264"', '"x264"', /adds no space/],
  ['recipes-multimedia/gstreamer/gstreamer1.0-plugins-ugly_%.bbappend', ':append =', ':append +=', /operator after :append/],
  ['recipes-multimedia/gstreamer/gstreamer1.0-plugins-bad_%.bbappend', ' srt ', ' ', /lacks srt/],
  ['recipes-support/srt/srt_%.bbappend', 'BONDING=ON', 'BONDING=OFF', /without bonding/],
  [daemon, '    gstreamer1.0-libav \\\n', '', /lacks gstreamer1\.0-libav/],
  [daemon, ' tandem-firewall-open.path"', '"', /tandem-firewall-open\.path is not enabled/],
  [daemon, ' tandem-firewall-open.path"', ' tandem-firewall-open.path tandem-web.service"', /tandem-web\.service is brought by nothing/],
  [daemon, '; --system gpio', '', /group gpio/],
  [daemon, '--user-group tandem-control', '--user-group tandem-page', /user tandem-control/],
  [daemon, 'LICENSE = "CLOSED"', 'LICENSE = "CLOSED', /without its two quotes/],
  [data, 'file://mount-data', 'file://mount-date', /file:\/\/mount-date is not in/],
  [data, '${TANDEM_CHECKOUT}/systemd/image', '${TANDEM_CHECKOUT}/systemd/images', /systemd\/images, which is not there/],
  [data, 'FILESEXTRAPATHS:prepend :=', 'FILESEXTRAPATHS:prepend =', /is the form that works/],
  [slots, '"backend-nvbootctrl"', '"backend-uefi"', /file:\/\/backend-uefi is not in/],
  [daemon, 'inherit systemd useradd', 'inherit systemd useradd npm', /no npm fetcher/],
  ['conf/layer.conf', 'LAYERSERIES_COMPAT_tandem = "wrynose"', 'LAYERSERIES_COMPAT_tandem = "scarthgap"', /must be wrynose/],
  ['conf/layer.conf', /tegra:\$\{LAYERDIR\}.*\n/g, '', /does not know tegra/],
  ['conf/distro/tandem.conf', 'DISTRO_VERSION = "0.1.0"', 'DISTRO_VERSION = "0.2.0"', /DISTRO_VERSION is not/],
  ['layers.txt', '38da0e5866a953e664001ba90b5edad68d68cd5d', '38da0e5', /meta-rauc is not a commit/],
  ['layers.txt', '38da0e5866a953e664001ba90b5edad68d68cd5d', 'wrynose', /not a commit/],
  [
    'kas/raspberrypi5.yml',
    'f62c67921474370829d24a4fa01ef88543f3906b',
    'f62c67921474370829d24a4fa01ef88543f3906c',
    /kas\/raspberrypi5\.yml: meta-raspberrypi is not what/,
  ],
  ['files/wic/tandem-raspberrypi5.wks.in', /^part .*--part-name boot-b.*\n/m, '', /no partition boot-b/],
  ['files/wic/tandem-raspberrypi4-64.wks.in', /^part .*--part-name boot .*\n/m, '', /slot-a must be partition 2/],
  ['dynamic-layers/rauc/recipes-core/bundles/tandem-update-bundle.bb', '"verity"', '"plain"', /not of format verity/],
  [policy, '"tandem-control"', '"tandem"', /user tandem is not made/],
  [policy, '<policy user="tandem-control">', '<policy context="default">', /others than root/],
  ['dynamic-layers/rauc/recipes-core/rauc/rauc_%.bbappend', 'system.d/de', 'session.d/de', /in the place of RAUC’s own/],
  ['recipes-kernel/linux/files/tandem.cfg', 'CONFIG_BLK_DEV_NBD=y', 'CONFIG_BLK_DEV_NBD=m', /no BLK_DEV_NBD/],
  [data, 'LICENSE = "CLOSED"', `LICENSE = "CLOSED"\n# ${'-----BEGIN'} EC PRIVATE KEY-----`, /a private key/],
];

it.each(mistakes)('a mistake in %s is found: %s becomes %s', (path, from, to, said) => {
  const text = layer.files.get(path) ?? '';
  const wrong = text.replace(from, () => to);
  expect(wrong, 'the mistake was not made: the file has changed').not.toBe(text);
  const findings = lintLayer({ ...layer, files: new Map([...layer.files, [path, wrong]]) });
  expect(findings.join('\n')).toMatch(said);
});

it.each([
  ['wic/tandem.wks', 'part /', /files\/wic\/ only/],
  ['files/signing.key.pem', 'secret', /outside the checkout/],
  ['recipes-tandem/loose_1.0.bb', 'SUMMARY = "x"\nLICENSE = "CLOSED"\n', /recipes-\*\/\*\//],
  ['recipes-tandem/tandem/tandem_1.0.bb', 'SUMMARY = "x"\nLICENSE = "CLOSED"\n', /called as the distribution is/],
  ['dynamic-layers/freescale/recipes-x/x/x_1.0.bb', 'SUMMARY = "x"\nLICENSE = "CLOSED"\n', /does not know freescale/],
])('a file in the wrong place or with the wrong name is found: %s', (path, text, said) => {
  expect(lintLayer({ ...layer, files: new Map([...layer.files, [path, text]]) }).join('\n')).toMatch(said);
});

it('no key and no generated file of the layer is in git', () => {
  const { stdout } = spawnSync('git', ['ls-files', root], { encoding: 'utf8' });
  expect(stdout.split('\n').filter((path) => /\.(pem|key|csr|p12)$|tandem-bundle\.inc$/.test(path))).toEqual([]);
});
