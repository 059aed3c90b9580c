/** Which commit of which layer the images are made of: `yocto-layer/layers.txt`, and which of them a machine needs. */

export interface Pin {
  name: string;
  repository: string;
  branch: string;
  /** 40 hexadecimal digits. */
  commit: string;
}

/** @param text of layers.txt. Lines that are not four words are left out; the lint (lint.ts) complains of them. */
export function readPins(text: string): Pin[] {
  return text.split('\n').flatMap((line) => {
    const [name, repository, branch, commit, more] = line.trim().split(/\s+/);
    if (name === undefined || name.startsWith('#') || repository === undefined || branch === undefined || commit === undefined || more !== undefined) return [];
    return [{ name, repository, branch, commit }];
  });
}

/** Machines that the layer is for, and the board's layer of each. */
export const machines: Record<string, string | null> = {
  'raspberrypi4-64': 'meta-raspberrypi',
  raspberrypi5: 'meta-raspberrypi',
  'jetson-orin-nano-devkit': 'meta-tegra',
  qemuarm64: null,
};

/** Layers as BBLAYERS wants them, each relative to the folder that holds the repositories; this layer is not among them. */
export function layersOf(machine: string): string[] {
  const board = machines[machine];
  return [
    'openembedded-core/meta',
    'meta-openembedded/meta-oe',
    'meta-openembedded/meta-python',
    'meta-openembedded/meta-networking',
    'meta-openembedded/meta-multimedia',
    ...(board ? [board] : []),
    'meta-rauc',
  ];
}
