/**
 * The whole chain on air with a viewer, while the box's disk is full, read-only or slow. Figures of a quiet machine are measured by
 * `npm run bench -- managed disk`; here some pictures may be lost, since a machine that runs tests is no quiet one.
 */
import { expect, test } from 'vitest';
import { BadDisk, type Trouble } from '../../bench/managed/bad-disk.ts';
import { onBadDisk } from '../../bench/managed/disk.ts';
import { testCameras } from '../../src/demo/configuration.ts';

const world = { inputs: testCameras.slice(0, 1), program: { width: 320, height: 180, fps: 25, videoKbps: 500 } } as const;
function whyNot(): string | null {
  try {
    new BadDisk().remove();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
const unavailable = whyNot();

/** Of 25 a second, over tens of seconds. */
const lostMax = 40;

test.for<[Trouble, string]>([
  ['full', 'disk-full'],
  ['read-only', 'disk-error'],
  ['slow', 'disk-slow'],
])(
  'a disk that is %s: the program goes on, it is said, nothing told is lost, and it is over when the disk is well',
  { timeout: 120_000 },
  async ([trouble, reason], context) => {
    if (unavailable !== null) context.skip(unavailable);
    const figures = await onBadDisk(trouble, 5, { ...world, inputs: [...world.inputs] });
    expect(figures).toMatchObject({ reason, eventsLost: 0, ended: [] });
    expect(figures.recoveredMs).not.toBeNull();
    expect(figures.pictures).toBeGreaterThan(100);
    expect(figures.picturesLost).toBeLessThan(lostMax);
  },
);
