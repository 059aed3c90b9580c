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
