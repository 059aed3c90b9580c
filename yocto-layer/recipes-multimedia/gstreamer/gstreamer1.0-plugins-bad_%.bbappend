# Only what the templates in gst-pipelines/ use: the default adds curl, sbc, webp, DASH, ... to a root file system that goes over LTE at each
# update. srt: the input; v4l2codecs and uvch264: cameras and codecs of a board; the MPEG-TS parts and parsers need no option.
PACKAGECONFIG = "${GSTREAMER_ORC} srt uvch264 v4l2codecs voaacenc"
