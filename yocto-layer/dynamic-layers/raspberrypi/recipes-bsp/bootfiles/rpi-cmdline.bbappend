# The boot script of the 4 names the slot; the boot partition of the 5 has a command line for each.
CMDLINE_ROOTFS:raspberrypi4-64 = ""
