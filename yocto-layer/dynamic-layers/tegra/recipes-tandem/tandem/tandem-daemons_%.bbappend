# Argus cameras are reached through /tmp, the encoders through devices that no class names: the package's drop-in, in force.
do_install:append:tegra() {
    install -d ${D}${systemd_system_unitdir}/tandem-media.service.d
    ln -s ${nonarch_libdir}/tandem/systemd/50-jetson.conf ${D}${systemd_system_unitdir}/tandem-media.service.d/50-jetson.conf
}
