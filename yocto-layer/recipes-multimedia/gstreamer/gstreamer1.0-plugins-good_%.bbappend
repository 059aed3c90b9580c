# v4l2 registers the encoder of a Raspberry Pi 4 (v4l2h264enc) where the kernel has its driver.
PACKAGECONFIG = "${GSTREAMER_ORC} gudev jpeg libpng v4l2"
