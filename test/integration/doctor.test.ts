import { expect, it } from 'vitest';
import type { Finding } from '../../src/doctor/judge.ts';
import { Place } from './processes.ts';

it('the doctor finds what this machine must have for these tests, and says it as text and as JSON', async () => {
  const place = new Place();
  try {
    const text = place.tandem('doctor');
    expect(await text.ended, text.said()).toBe(0);
    expect(text.said()).toMatch(/This machine can go on air\./);
    const json = place.tandem('doctor', '--json');
    expect(await json.ended).toBe(0);
    const { canGoOnAir, findings } = JSON.parse(json.said()) as { canGoOnAir: boolean; findings: Finding[] };
    expect(canGoOnAir).toBe(true);
    expect(findings.map(({ what }) => what).join()).toMatch(/libsrt 1\.5/);
    for (const { verdict, advice } of findings) if (verdict === 'gap') expect(advice).not.toBe('');
  } finally {
    await place.end();
  }
});
