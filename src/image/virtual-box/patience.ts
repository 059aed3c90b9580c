/** Emulated in software, on a machine that others may use too, a box takes many times as long as a board for everything. */
export const patience = 4;
