SUMMARY = "Everything that makes a board a Tandem box"
LICENSE = "MIT"

PACKAGE_ARCH = "${MACHINE_ARCH}"
inherit packagegroup

RDEPENDS:${PN} = "\
    tandem-daemons \
    tandem-data \
    ca-certificates \
    iproute2 \
    kernel-modules \
    modemmanager \
    nftables \
    polkit \
    tzdata-core \
    usb-modeswitch \
"
