SUMMARY = "Signed update of a Tandem box"
LICENSE = "MIT"

inherit bundle

PV = "${DISTRO_VERSION}"
RAUC_BUNDLE_COMPATIBLE = "tandem-${MACHINE}"
RAUC_BUNDLE_VERSION = "${DISTRO_VERSION}"
# Read block by block while it is installed; a bundle that was changed is found out at the first changed block.
RAUC_BUNDLE_FORMAT = "verity"

RAUC_BUNDLE_SLOTS = "rootfs"
# Firmware, kernel and device trees of the 5 change with its root file system.
RAUC_BUNDLE_SLOTS:append:raspberrypi5 = " boot"

RAUC_SLOT_rootfs = "tandem-image"
RAUC_SLOT_rootfs[fstype] = "${@'ext4' if 'tegra' in d.getVar('MACHINEOVERRIDES').split(':') else 'squashfs-zst'}"
RAUC_SLOT_boot = "tandem-bootfs"
RAUC_SLOT_boot[type] = "file"
RAUC_SLOT_boot[file] = "tandem-bootfs.vfat"

# Made by `./tandem yocto keys`, outside the checkout. An HSM's PKCS#11 address is taken as well.
RAUC_KEY_FILE ?= "${TANDEM_KEYS}/signing.key.pem"
RAUC_CERT_FILE ?= "${TANDEM_KEYS}/signing.cert.pem"
RAUC_KEYRING_FILE = "${TANDEM_KEYS}/ca.cert.pem"
