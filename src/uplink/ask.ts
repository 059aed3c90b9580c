/** The engine, asked: what it decides, or null when it found itself broken, which leaves the program where it is sent (docs/adr/0022). */
import { BrokenInvariant } from '../engine/invariants.ts';
import { type Notice, notice } from '../model/event.ts';

export function askEngine<T>(decide: () => T, onNotice: (one: Notice) => void): T | null {
  try {
    return decide();
  } catch (error) {
    if (!(error instanceof BrokenInvariant)) throw error;
    onNotice(
      notice({ severity: 'alarm', subject: { kind: 'media', id: 'engine' }, what: 'engine.state', to: 'broken', reason: 'internal', text: error.message }),
    );
    return null;
  }
}
