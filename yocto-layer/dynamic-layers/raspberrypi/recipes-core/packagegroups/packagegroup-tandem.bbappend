# CSI cameras; under-voltage and throttling (vcgencmd).
RDEPENDS:${PN}:append:rpi = " libcamera libcamera-gst"
