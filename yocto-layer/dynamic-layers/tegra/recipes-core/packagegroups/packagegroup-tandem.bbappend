# nvv4l2h264enc and nvv4l2h265enc (an Orin Nano has the plugin but no encoder: Tandem looks, and takes x264), Argus cameras, converter.
RDEPENDS:${PN}:append:tegra = " \
    gstreamer1.0-plugins-nvarguscamerasrc \
    gstreamer1.0-plugins-nvvidconv \
    gstreamer1.0-plugins-nvvideo4linux2 \
    tegra-argus-daemon \
    tegra-redundant-boot \
"
