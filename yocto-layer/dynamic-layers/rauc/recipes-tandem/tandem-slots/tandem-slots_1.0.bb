SUMMARY = "Which of the two slots boots: back ends for RAUC, and the gate that marks a slot good"
LICENSE = "CLOSED"

SRC_URI = "\
    file://${TANDEM_SLOT_BACKEND} \
    file://after-install \
    file://before-install \
    file://current-slot \
    file://mark-good \
    file://tandem-mark-good.service \
"
S = "${UNPACKDIR}"

inherit systemd

PACKAGE_ARCH = "${MACHINE_ARCH}"

# docs/adr/0014-boot-loaders.md
TANDEM_SLOT_BACKEND = "backend-file"
TANDEM_SLOT_BACKEND:raspberrypi4-64 = "backend-uboot"
TANDEM_SLOT_BACKEND:raspberrypi5 = "backend-tryboot"
TANDEM_SLOT_BACKEND:tegra = "backend-nvbootctrl"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -d ${D}${nonarch_libdir}/tandem/slots
    install -m 0755 ${S}/${TANDEM_SLOT_BACKEND} ${D}${nonarch_libdir}/tandem/slots/backend
    for program in after-install before-install current-slot mark-good; do
        install -m 0755 ${S}/$program ${D}${nonarch_libdir}/tandem/slots/$program
    done
    install -D -m 0644 ${S}/tandem-mark-good.service ${D}${systemd_system_unitdir}/tandem-mark-good.service
}

SYSTEMD_SERVICE:${PN} = "tandem-mark-good.service"
FILES:${PN} += "${nonarch_libdir}/tandem"
RDEPENDS:${PN} = "rauc tandem-daemons"
# U-Boot keeps its environment where the file of u-boot-env says.
RDEPENDS:${PN}:append:raspberrypi4-64 = " libubootenv-bin u-boot-env"
RDEPENDS:${PN}:append:tegra = " tegra-redundant-boot-base"
