SUMMARY = "A Tandem box: read-only root for one of two slots"
LICENSE = "MIT"

inherit core-image

IMAGE_FEATURES = "read-only-rootfs ssh-server-openssh"
IMAGE_INSTALL = "packagegroup-core-boot packagegroup-tandem"
# Marked good by tandem-mark-good, never by having reached multi-user.
BAD_RECOMMENDATIONS += "rauc-mark-good"

# The slots of a new box and the update bundle hold the same bytes.
IMAGE_FSTYPES = "squashfs-zst wic.zst wic.bmap"
IMAGE_TYPEDEP:wic += "squashfs-zst"
# Orin's UEFI reads the kernel from the root file system, and knows ext4 only.
IMAGE_FSTYPES:tegra = "ext4 tegraflash-tar.zst"
# Bytes of a slot there: an update writes all of it.
ROOTFSPART_SIZE = "2147483648"

# Nobody logs in but with the keys of TANDEM_SSH_KEYS.
ROOTFS_POSTPROCESS_COMMAND += "tandem_login"
tandem_login() {
    if [ -n "${TANDEM_SSH_KEYS}" ]; then
        install -d -m 0700 ${IMAGE_ROOTFS}/root/.ssh
        install -m 0600 ${TANDEM_SSH_KEYS} ${IMAGE_ROOTFS}/root/.ssh/authorized_keys
    fi
}
