# The encoder that every board has; the only one of a Raspberry Pi 5 and an Orin Nano.
PACKAGECONFIG:append = " x264"
