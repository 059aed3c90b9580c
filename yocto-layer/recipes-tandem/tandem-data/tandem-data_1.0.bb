SUMMARY = "Data partition of a box with a read-only root: mounted late, by name, and never in the way"
LICENSE = "CLOSED"

# The virtual box has the same two files.
FILESEXTRAPATHS:prepend := "${TANDEM_CHECKOUT}/systemd/image:"
SRC_URI = "file://tandem-data.service file://mount-data"
S = "${UNPACKDIR}"

inherit systemd allarch

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -D -m 0644 ${S}/tandem-data.service ${D}${systemd_system_unitdir}/tandem-data.service
    install -D -m 0755 ${S}/mount-data ${D}${nonarch_libdir}/tandem/systemd/mount-data
    install -d ${D}/data
}

SYSTEMD_SERVICE:${PN} = "tandem-data.service"
FILES:${PN} += "${nonarch_libdir}/tandem /data"
RDEPENDS:${PN} = "e2fsprogs-e2fsck util-linux-mount"
