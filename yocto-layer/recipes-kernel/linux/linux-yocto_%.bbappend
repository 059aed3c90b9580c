FILESEXTRAPATHS:prepend := "${THISDIR}/files:"
SRC_URI:append = " file://tandem.cfg"
SRC_URI:append:qemuarm64 = " file://tandem-qemuarm64.cfg"
