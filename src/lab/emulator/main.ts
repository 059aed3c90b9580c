/** The emulator's process: several links, one timer. Apart from its parent, so that neither disturbs the other's timing. */
import { monoMs } from '../../clock.ts';
import { answerRequests } from '../child.ts';
import type { LinkProfile } from './link-model.ts';
import { LinkEmulator, type LinkPlan } from './relay.ts';

/** The finest that Node's timers do: a packet is late by half of it in the mean. */
const turnMs = 1;

const links = new Map<string, LinkEmulator>();
let turnedMs = 0;
let hiccupMsMax = 0;

answerRequests({
  start: (plans: LinkPlan[]) => {
    for (const plan of plans) links.set(plan.id, new LinkEmulator(plan));
    setInterval(() => {
      const nowMs = monoMs();
      if (turnedMs > 0) hiccupMsMax = Math.max(hiccupMsMax, nowMs - turnedMs);
      turnedMs = nowMs;
      for (const link of links.values()) link.turn(nowMs);
    }, turnMs);
    return Object.fromEntries([...links].map(([id, link]) => [id, link.port]));
  },
  change: ({ id, patch }: { id: string; patch: Partial<LinkProfile> }) => {
    const link = links.get(id);
    if (link === undefined) throw new Error(`there is no path ${id}; there are: ${[...links.keys()].join(', ')}`);
    link.change(patch);
  },
  pause: () => {
    const longest = hiccupMsMax;
    hiccupMsMax = 0;
    return { hiccupMsMax: longest };
  },
  status: () => [...links.values()].map((link) => link.status()),
});
