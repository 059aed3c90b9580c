# Squashfs, and an environment that is kept twice: a power cut while it is written leaves the other copy.
FILESEXTRAPATHS:prepend := "${THISDIR}/files:"
SRC_URI:append:raspberrypi4-64 = " file://tandem-u-boot.cfg"
