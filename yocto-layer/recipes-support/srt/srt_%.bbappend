# Socket groups, for the uplink's modes broadcast and backup.
EXTRA_OECMAKE:append = " -DENABLE_BONDING=ON"
