RDEPENDS:${PN}:append = " rauc tandem-slots"
