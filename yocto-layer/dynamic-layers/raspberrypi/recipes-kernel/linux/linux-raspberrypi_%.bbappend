FILESEXTRAPATHS:prepend := "${TANDEM_CHECKOUT}/yocto-layer/recipes-kernel/linux/files:"
SRC_URI:append = " file://tandem.cfg"
