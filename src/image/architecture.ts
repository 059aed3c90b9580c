/** The two architectures that boxes have, under the names that Debian, Node and GNU give them. */
export interface Architecture {
  debian: 'amd64' | 'arm64';
  node: 'x64' | 'arm64';
  /** Prefix of the cross compiler. */
  gnu: 'x86_64-linux-gnu' | 'aarch64-linux-gnu';
}

export const architectures: Record<Architecture['debian'], Architecture> = {
  amd64: { debian: 'amd64', node: 'x64', gnu: 'x86_64-linux-gnu' },
  arm64: { debian: 'arm64', node: 'arm64', gnu: 'aarch64-linux-gnu' },
};

/** Whether this machine is of that architecture, so that nothing needs to be compiled across. */
export function isNative(architecture: Architecture): boolean {
  return process.arch === architecture.node;
}
