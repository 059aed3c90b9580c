FILESEXTRAPATHS:prepend := "${THISDIR}/files:"
SRC_URI:append = " file://de.pengutronix.rauc.conf"

do_install:append() {
    install -m 0644 ${UNPACKDIR}/de.pengutronix.rauc.conf ${D}${datadir}/dbus-1/system.d/de.pengutronix.rauc.conf
}
