# nvv4l2h264enc and nvv4l2h265enc (an Orin Nano has the plugin but no encoder: Tandem looks, and takes x264), Argus cameras, converter;
# then what the machine asks for beyond starting: drivers, fan. Not tegra-redundant-boot, whose service would mark each slot good for having
# reached multi-user; tandem-slots brings nvbootctrl.
RDEPENDS:${PN}:append:tegra = " \
    gstreamer1.0-plugins-nvarguscamerasrc \
    gstreamer1.0-plugins-nvvidconv \
    gstreamer1.0-plugins-nvvideo4linux2 \
    nvidia-kernel-oot-cameras \
    nvidia-kernel-oot-compute-nvgpu \
    tegra-argus-daemon \
    tegra-configs-sysctl \
    tegra-configs-udev \
    tegra-nvfancontrol \
    tegra-nvsciipc \
"
