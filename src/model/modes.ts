/** How a destination is reached. */
export const modes = ['bonded', 'redundant', 'standby', 'dual', 'broadcast', 'backup'] as const;
export type Mode = (typeof modes)[number];
