/** The Debian package around the bundle: dependencies, and scripts that do no more than users, units and devices need. */
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Architecture } from './architecture.ts';
import { systemFiles, treeBytes } from './bundle.ts';
import type { Workshop } from './tools.ts';

export interface DebPlan {
  /** The laid-out tree; is not changed. */
  tree: string;
  version: string;
  architecture: Architecture;
  /** Text of debian-packages.txt. */
  packages: string;
  /** Work folder, emptied first. */
  folder: string;
  /** Where the .deb goes. */
  file: string;
  /** Time stamp of every file, seconds since 1970. */
  epochS: number;
}

/** Other names that the same library has on systems that a box may run: Ubuntu 22.04 (JetPack), Debian 13. */
const alternatives: Record<string, string> = {
  'libsrt1.5-gnutls': 'libsrt1.5-gnutls | libsrt1.4-gnutls | libsrt1.5-openssl',
};

/** What the compiled parts are linked with, and what units and scripts call. */
const always = [
  'libc6 (>= 2.35)',
  'libstdc++6',
  'libglib2.0-0 | libglib2.0-0t64',
  'libgstreamer1.0-0',
  'libgstreamer-plugins-base1.0-0',
  'nftables',
  'passwd',
  'systemd',
  'udev',
];

/** @param packages text of debian-packages.txt: its group `run` is what a box needs too. */
export function dependencies(packages: string): string[] {
  const run = packages.split('\n').flatMap((line) => /^run\s+(\S+)/.exec(line)?.[1] ?? []);
  return [...always, ...run.map((name) => alternatives[name] ?? name)];
}

export function control(plan: Pick<DebPlan, 'version' | 'architecture' | 'packages'>, installedKb: number): string {
  return `Package: tandem
Version: ${plan.version}
Architecture: ${plan.architecture.debian}
Maintainer: The Tandem authors <tandem@localhost>
Installed-Size: ${installedKb}
Depends: ${dependencies(plan.packages).join(', ')}
Recommends: systemd-timesyncd | time-daemon, modemmanager, polkitd | policykit-1
Section: video
Priority: optional
Description: field encoder that keeps its stream on air over two networks
 Takes cameras, encodes them with GStreamer, and sends one unbroken stream to a
 gateway over Ethernet and a mobile network at once. Comes with a local status
 page and MQTT. Turns this machine into a box: installs services, a firewall
 that is closed but for ssh and the page, and the hardware watchdog.
`;
}

const units = systemFiles.flatMap((file) => /system\/([^/]+\.(?:service|path))$/.exec(file.to)?.[1] ?? []);

const postinst = `#!/bin/sh
set -e
[ "$1" = configure ] || exit 0
# A group that was there before Tandem stays when it goes.
if ! getent group gpio >/dev/null; then mkdir -p /var/lib/tandem && : >/var/lib/tandem/.made-group-gpio; fi
systemd-sysusers tandem.conf
chgrp tandem /etc/tandem
chmod 0750 /etc/tandem
[ ! -e /etc/tandem/tandem.yaml ] || chgrp tandem /etc/tandem/tandem.yaml
# Jetson: cameras and encoders need a wider view of the system (see the file).
if [ -e /etc/nv_tegra_release ]; then
	mkdir -p /etc/systemd/system/tandem-media.service.d
	ln -sf /usr/lib/tandem/systemd/50-jetson.conf /etc/systemd/system/tandem-media.service.d/50-jetson.conf
fi
for unit in ${units.join(' ')}; do
	deb-systemd-helper unmask "$unit" >/dev/null || true
	if deb-systemd-helper --quiet was-enabled "$unit"; then
		deb-systemd-helper enable "$unit" >/dev/null || true
	else
		deb-systemd-helper update-state "$unit" >/dev/null || true
	fi
done
if [ -d /run/systemd/system ]; then
	udevadm control --reload || true
	udevadm trigger --action=add --subsystem-match=gpio --subsystem-match=video4linux --subsystem-match=media --subsystem-match=dma_heap || true
	systemctl --system daemon-reload
	systemctl try-restart systemd-journald.service || true
	# Media last: the page is there first and shows it coming.
	for unit in tandem-firewall.service tandem-firewall-open.path tandem-firewall-open.service tandem-control.service tandem-media.service; do
		deb-systemd-invoke restart "$unit" || true
	done
fi
`;

const prerm = `#!/bin/sh
set -e
# An upgrade leaves the stream on air until the new version is unpacked; postinst restarts it.
[ "$1" = remove ] || exit 0
if [ -d /run/systemd/system ]; then
	deb-systemd-invoke stop tandem-media.service tandem-control.service tandem-firewall-open.path tandem-firewall.service || true
fi
`;

const postrm = `#!/bin/sh
set -e
case $1 in
remove)
	rm -rf /var/cache/tandem-media /var/cache/tandem-control
	rm -f /etc/systemd/system/tandem-media.service.d/50-jetson.conf
	rmdir /etc/systemd/system/tandem-media.service.d 2>/dev/null || true
	if command -v deb-systemd-helper >/dev/null; then
		for unit in ${units.join(' ')}; do deb-systemd-helper mask "$unit" >/dev/null || true; done
	fi
	if [ -d /run/systemd/system ]; then systemctl --system daemon-reload || true; fi
	;;
purge)
	if command -v deb-systemd-helper >/dev/null; then
		for unit in ${units.join(' ')}; do
			deb-systemd-helper purge "$unit" >/dev/null || true
			deb-systemd-helper unmask "$unit" >/dev/null || true
		done
	fi
	made_gpio=no
	[ ! -e /var/lib/tandem/.made-group-gpio ] || made_gpio=yes
	rm -rf /var/lib/tandem /var/cache/tandem-media /var/cache/tandem-control /etc/tandem
	for user in tandem-media tandem-control; do
		if command -v userdel >/dev/null && getent passwd "$user" >/dev/null; then userdel "$user" 2>/dev/null || true; fi
	done
	if command -v groupdel >/dev/null; then
		if getent group tandem >/dev/null; then groupdel tandem || true; fi
		if [ "$made_gpio" = yes ]; then groupdel gpio || true; fi
	fi
	if [ -d /run/systemd/system ]; then systemctl --system daemon-reload || true; fi
	;;
esac
`;

const copyright = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: tandem

Files: *
Copyright: the Tandem authors
License: UNLICENSED
 All rights reserved.

Files: usr/lib/tandem/bin/node
Copyright: Node.js contributors
License: Node
 See /usr/share/doc/tandem/LICENSE.node

Files: usr/lib/tandem/node_modules/*
Copyright: their authors
License: various
 Each folder carries its own licence file.
`;

/** What lintian holds against any package that brings its own runtime, knowingly. */
const overrides = `tandem: embedded-library
tandem: missing-dep-for-interpreter node *
tandem: unstripped-binary-or-object [usr/lib/tandem/*]
tandem: library-not-linked-against-libc [usr/lib/tandem/node_modules/*]
tandem: hardening-no-pie [usr/lib/tandem/bin/node]
tandem: bogus-mail-host Maintainer *
tandem: bogus-mail-host-in-debian-changelog *
`;

/** Builds the package from a laid-out tree. Needs no root: owners are set by dpkg-deb. */
export async function buildDeb(shop: Workshop, plan: DebPlan): Promise<void> {
  const { folder } = plan;
  rmSync(folder, { recursive: true, force: true });
  cpSync(plan.tree, folder, { recursive: true, verbatimSymlinks: true });
  const doc = join(folder, 'usr/share/doc/tandem');
  mkdirSync(doc, { recursive: true });
  writeFileSync(join(doc, 'copyright'), copyright);
  const changelog = `tandem (${plan.version}) stable; urgency=medium\n\n  * Built from the sources of this version.\n\n -- The Tandem authors <tandem@localhost>  ${rfc2822(plan.epochS)}\n`;
  writeFileSync(join(doc, 'changelog.gz'), gzipSync(changelog, { level: 9 }));
  const lintian = join(folder, 'usr/share/lintian/overrides');
  mkdirSync(lintian, { recursive: true });
  writeFileSync(join(lintian, 'tandem'), overrides);
  chmodSync(join(lintian, 'tandem'), 0o644);
  const debian = join(folder, 'DEBIAN');
  mkdirSync(debian);
  writeFileSync(join(debian, 'control'), control(plan, Math.ceil(treeBytes(plan.tree) / 1024)));
  writeFileSync(join(debian, 'conffiles'), '/etc/tandem/tandem.yaml\n');
  for (const [name, text] of Object.entries({ postinst, prerm, postrm })) {
    writeFileSync(join(debian, name), text);
    chmodSync(join(debian, name), 0o755);
  }
  for (const name of ['control', 'conffiles']) chmodSync(join(debian, name), 0o644);
  for (const name of ['copyright', 'changelog.gz']) chmodSync(join(doc, name), 0o644);
  writeFileSync(
    join(debian, 'md5sums'),
    await shop.run('sh', ['-c', 'find . -type f ! -path "./DEBIAN/*" -printf "%P\\0" | LC_ALL=C sort -z | xargs -0 md5sum'], { cwd: folder }),
  );
  chmodSync(join(debian, 'md5sums'), 0o644);
  await shop.run('dpkg-deb', ['--root-owner-group', '-Zxz', '-z3', '--threads-max=2', '--build', folder, plan.file], {
    env: { SOURCE_DATE_EPOCH: String(plan.epochS) },
  });
  rmSync(folder, { recursive: true });
}

function rfc2822(epochS: number): string {
  return new Date(epochS * 1000).toUTCString().replace('GMT', '+0000');
}

/** The version of package.json as Debian orders versions: `1.0.0-rc.1` comes before `1.0.0`. */
export function debianVersion(root: string): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return version.replace('-', '~');
}
