# Our own boot.cmd.in, found first.
FILESEXTRAPATHS:prepend := "${THISDIR}/files:"
