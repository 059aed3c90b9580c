# pango: the burnt-in time code. alsa: sound of a capture device.
PACKAGECONFIG = "${GSTREAMER_ORC} ${PACKAGECONFIG_GL} alsa jpeg pango png"
