SUMMARY = "Boot partitions of a Raspberry Pi 5 that its firmware chooses between (tryboot)"
DESCRIPTION = "One FAT image for the boot partition of either slot, and a small one that holds autoboot.txt alone."
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"

COMPATIBLE_MACHINE = "^raspberrypi5$"
SRC_URI = "file://autoboot.txt file://slots.txt"
S = "${UNPACKDIR}"

inherit deploy nopackages

INHIBIT_DEFAULT_DEPS = "1"
DEPENDS = "dosfstools-native mtools-native"
# What IMAGE_BOOT_FILES names.
do_compile[depends] += "virtual/kernel:do_deploy rpi-bootfiles:do_deploy rpi-config:do_deploy rpi-cmdline:do_deploy"
do_configure[noexec] = "1"
do_install[noexec] = "1"
PACKAGE_ARCH = "${MACHINE_ARCH}"

SLOT_ARGS = "rootfstype=squashfs ro rootwait systemd.volatile=state panic=10"

do_compile() {
    rm -rf ${B}/fs
    mkdir -p ${B}/fs
    # Its words have semicolons and asterisks, which are not for the shell.
    set -f
    for entry in $(echo '${IMAGE_BOOT_FILES}'); do
        from=${entry%%;*}
        to=${entry#*;}
        case $from in
            */\*) cp -R ${DEPLOY_DIR_IMAGE}/${from%/\*}/. ${B}/fs/ ;;
            *) install -D -m 0644 ${DEPLOY_DIR_IMAGE}/$from ${B}/fs/$to ;;
        esac
    done
    set +f
    # rpi-cmdline's own root= is dropped: each slot has its own.
    common=$(sed -E 's/(^| )(root|rootfstype)=[^ ]*//g; s/(^| )rootwait//g' ${B}/fs/cmdline.txt)
    echo "$common root=PARTLABEL=slot-a rauc.slot=A ${SLOT_ARGS}" > ${B}/fs/cmdline-a.txt
    echo "$common root=PARTLABEL=slot-b rauc.slot=B ${SLOT_ARGS}" > ${B}/fs/cmdline-b.txt
    rm ${B}/fs/cmdline.txt
    cat ${S}/slots.txt >> ${B}/fs/config.txt

    rm -f ${B}/*.vfat
    # As large as the partition, less one MiB: what is written raw must fit.
    mkfs.vfat -F 32 -n BOOT -C ${B}/tandem-bootfs.vfat $(expr 127 \* 1024)
    mcopy -s -i ${B}/tandem-bootfs.vfat ${B}/fs/* ::/
    mkfs.vfat -n AUTOBOOT -C ${B}/tandem-autoboot.vfat $(expr 15 \* 1024)
    mcopy -i ${B}/tandem-autoboot.vfat ${S}/autoboot.txt ::/
}

do_deploy() {
    install -m 0644 ${B}/tandem-bootfs.vfat ${B}/tandem-autoboot.vfat ${DEPLOYDIR}
}
addtask deploy after do_compile before do_build
B = "${WORKDIR}/build"
