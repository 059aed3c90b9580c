SUMMARY = "Tandem field encoder: both daemons, their page and their units"
DESCRIPTION = "The same prebuilt bundle that the Debian package is made of: JavaScript, node modules with their native parts, and the \
pinned Node. BitBake fetches nothing from npm; docs/adr/0013-bundle-in-the-image.md says why."
# package.json: UNLICENSED. Node's licence and those of the modules lie beside them in the bundle.
LICENSE = "CLOSED"

# Written by `./tandem yocto bundle`: TANDEM_BUNDLE (path) and TANDEM_BUNDLE_SHA256. Without it everything can be parsed and resolved,
# and the first task says what to do.
include tandem-bundle.inc
TANDEM_BUNDLE ??= ""
TANDEM_BUNDLE_SHA256 ??= ""
SRC_URI = "${@'file://%s;subdir=bundle' % d.getVar('TANDEM_BUNDLE') if d.getVar('TANDEM_BUNDLE') else ''}"
S = "${UNPACKDIR}/bundle"

COMPATIBLE_HOST = "aarch64.*-linux"
# What the compiled parts are linked with: names the packages that hold those libraries.
DEPENDS = "glib-2.0 gstreamer1.0 gstreamer1.0-plugins-base"

inherit systemd useradd

# BitBake checks no checksum of a file:// address; this does.
python tandem_bundle_is_right () {
    bundle = d.getVar('TANDEM_BUNDLE')
    if not bundle:
        bb.fatal('there is no bundle: run "./tandem package --arch arm64" and "./tandem yocto bundle" in the checkout first')
    if not os.path.exists(bundle):
        bb.fatal('the bundle %s is gone: run "./tandem yocto bundle" again' % bundle)
    expected = d.getVar('TANDEM_BUNDLE_SHA256')
    actual = bb.utils.sha256_file(bundle)
    if actual != expected:
        bb.fatal('the bundle %s is not the one that was registered: its sha256 is %s, not %s' % (bundle, actual, expected))
    if '-%s-' % d.getVar('PV') not in os.path.basename(bundle):
        bb.fatal('the bundle %s is not of version %s' % (bundle, d.getVar('PV')))
}
do_fetch[prefuncs] += "tandem_bundle_is_right"

do_configure[noexec] = "1"

do_compile() {
    # Every file of the bundle, against the list that it carries.
    cd ${S} && sha256sum --check --quiet --strict usr/lib/tandem/MANIFEST.sha256
}

do_install() {
    cp -R --no-dereference --preserve=mode,links ${S}/. ${D}
    # Secrets may stand in it: for root and the two daemons.
    chown -R root:root ${D}
    chown root:tandem ${D}${sysconfdir}/tandem ${D}${sysconfdir}/tandem/tandem.yaml
    chmod 0750 ${D}${sysconfdir}/tandem
}

SYSTEMD_SERVICE:${PN} = "tandem-media.service tandem-control.service tandem-firewall.service tandem-firewall-open.service tandem-firewall-open.path"

# As systemd/tandem.sysusers says, which a read-only root cannot carry out; the image's making compares the two.
USERADD_PACKAGES = "${PN}"
GROUPADD_PARAM:${PN} = "--system tandem; --system video; --system audio; --system render; --system gpio"
USERADD_PARAM:${PN} = "\
    --system --no-create-home --home-dir / --shell /usr/sbin/nologin --comment 'Tandem media daemon' --user-group tandem-media; \
    --system --no-create-home --home-dir / --shell /usr/sbin/nologin --comment 'Tandem control daemon' --user-group tandem-control \
"

FILES:${PN} += "\
    ${nonarch_libdir}/tandem \
    ${nonarch_libdir}/systemd ${nonarch_libdir}/sysusers.d ${nonarch_libdir}/tmpfiles.d ${nonarch_libdir}/udev ${nonarch_libdir}/NetworkManager \
    ${datadir}/polkit-1 \
"
CONFFILES:${PN} = "${sysconfdir}/tandem/tandem.yaml"

# Called by path or loaded at run time, so that nothing finds them by itself. One counterpart for each package of group run in
# debian-packages.txt, which a test holds this to.
RDEPENDS:${PN} += "\
    fontconfig \
    gstreamer1.0 \
    gstreamer1.0-libav \
    gstreamer1.0-plugins-bad-meta \
    gstreamer1.0-plugins-base-meta \
    gstreamer1.0-plugins-good-meta \
    gstreamer1.0-plugins-ugly-meta \
    iproute2 \
    nftables \
    srt \
    ttf-dejavu-sans \
    ttf-dejavu-sans-mono \
"
RRECOMMENDS:${PN} += "modemmanager"

# Prebuilt: Node is not stripped here, and brings its own hash style.
INHIBIT_PACKAGE_STRIP = "1"
INHIBIT_PACKAGE_DEBUG_SPLIT = "1"
INHIBIT_SYSROOT_STRIP = "1"
INSANE_SKIP:${PN} += "already-stripped ldflags"
