SUMMARY = "Everything that makes a board a Tandem box"
LICENSE = "MIT"

PACKAGE_ARCH = "${MACHINE_ARCH}"
inherit packagegroup

RDEPENDS:${PN} = "\
    tandem \
    tandem-data \
    ca-certificates \
    iproute2 \
    kernel-modules \
    libqmi \
    modemmanager \
    nftables \
    polkit \
    tzdata-core \
    usb-modeswitch \
"
