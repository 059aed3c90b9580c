/** What is told of settings on trial: what they have still to reach, and why they were not confirmed in time. */
import type { Need, Trial } from '../../config/settings-file.ts';
import type { Box } from '../box.ts';

export function needsText(needs: readonly Need[]): string {
  const texts: Record<Need, string> = {
    media: 'the media daemon has to run with them',
    gateway: 'a gateway has to be reached',
    broker: 'the broker has to be reached',
    page: 'somebody has to open the page',
  };
  return needs.map((need) => texts[need]).join(', ');
}

export function lateText(trial: Trial, missing: readonly Need[], { bootId, status, links }: Pick<Box, 'bootId' | 'status' | 'links'>): string {
  if (trial.bootId !== bootId) return 'the box was started anew before they were confirmed';
  const why: Record<Need, () => string> = {
    media: () => 'the media daemon did not come back with them',
    gateway: () => `no gateway was reached (${status?.destinations.map(({ text }) => text).join('; ') || 'no destination'})`,
    broker: () => `the broker was not reached (${links.mqtt.text})`,
    page: () => 'nobody opened the page where it was moved to',
  };
  return `within ${trial.confirmSeconds} s ${missing.map((need) => why[need]()).join(', and ')}`;
}
