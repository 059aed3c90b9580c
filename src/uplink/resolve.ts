/** Names to addresses, off the main loop. */
import { lookup } from 'node:dns/promises';

/** Null when the name cannot be resolved now. An IP address is itself. */
export async function resolveAddress(host: string, port: number): Promise<{ address: string; port: number } | null> {
  try {
    return { address: (await lookup(host)).address, port };
  } catch {
    return null;
  }
}

/** All addresses of a name, those first whose family the interface has an address of. Empty when it cannot be resolved now. */
export async function resolveAll(host: string, own: readonly string[]): Promise<string[]> {
  try {
    const found = (await lookup(host, { all: true })).map(({ address }) => address);
    return inOrder(found, own);
  } catch {
    return [];
  }
}

/** Pure. What cannot be reached from an interface without an address of its family comes last; nothing known of the interface: as they are. */
export function inOrder(addresses: readonly string[], own: readonly string[]): string[] {
  const has = (six: boolean) => own.length === 0 || own.some((one) => one.includes(':') === six);
  return [...addresses].sort((a, b) => Number(!has(a.includes(':'))) - Number(!has(b.includes(':'))));
}
