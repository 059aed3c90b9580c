# libcamerasrc
PACKAGECONFIG:append = " gst"
