# CSI cameras; raspi-utils has vcgencmd, which tells of under-voltage and throttling.
RDEPENDS:${PN}:append:rpi = " libcamera libcamera-gst raspi-utils udev-rules-rpi"
