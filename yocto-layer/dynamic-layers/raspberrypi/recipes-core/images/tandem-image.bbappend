# The 5's partitions are written raw.
do_image_wic[depends] += "${@'tandem-bootfs:do_deploy' if d.getVar('MACHINE') == 'raspberrypi5' else ''}"
# The 4's U-Boot reads the kernel out of the slot.
IMAGE_INSTALL:append:raspberrypi4-64 = " kernel-image"
