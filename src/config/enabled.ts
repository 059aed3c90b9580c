/** Of a list in the configuration, what is switched on. */
export const enabled = <T extends { enabled: boolean }>(list: readonly T[]): T[] => list.filter((one) => one.enabled);
