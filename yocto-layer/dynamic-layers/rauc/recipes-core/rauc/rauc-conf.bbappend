FILESEXTRAPATHS:prepend := "${THISDIR}/files:${TANDEM_KEYS}:"

# The file of each machine is system-<machine>.conf; a Jetson's serves every Orin.
TANDEM_SYSTEM_CONF = "system-${MACHINE}.conf"
TANDEM_SYSTEM_CONF:tegra = "system-jetson-orin.conf"
SRC_URI:remove = "file://system.conf"
SRC_URI:append = " file://${TANDEM_SYSTEM_CONF}"
PACKAGE_ARCH = "${MACHINE_ARCH}"

# Without keys everything can be parsed and resolved, and the first task says what to do.
RAUC_KEYRING_FILE = "ca.cert.pem"
RAUC_KEYRING_URI = "${@'file://ca.cert.pem' if d.getVar('TANDEM_KEYS') else ''}"
python tandem_keys_are_there () {
    if not d.getVar('TANDEM_KEYS'):
        bb.fatal('there are no signing keys: run "./tandem yocto keys --out FOLDER" and set TANDEM_KEYS in conf/local.conf')
}
do_fetch[prefuncs] += "tandem_keys_are_there"

do_install:prepend() {
    sed 's/@MACHINE@/${MACHINE}/' ${UNPACKDIR}/${TANDEM_SYSTEM_CONF} > ${UNPACKDIR}/system.conf
}
