/** The rows: those of the simulation, in real time, with what is demanded besides no lost picture. */
import { type Named, scenarios } from '../../src/sim/scenarios.ts';

export interface Row extends Named {
  /** From the link's last delivery to the verdict. */
  outOfUseMsMax?: number;
}

export const rows: Row[] = scenarios
  // The machine's own pauses are enough in real time.
  .filter(({ standstills }) => standstills === undefined)
  .map((scenario) => (scenario.name.startsWith('dead link') ? { ...scenario, outOfUseMsMax: 100 } : scenario));
