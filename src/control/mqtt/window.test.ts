import { expect, test } from 'vitest';
import { SendWindow } from './window.ts';

/** Sends `count` through `window`; what is under way is ended by hand. */
function rig(window: SendWindow, count: number) {
  const sent: number[] = [];
  const ends: (() => void)[] = [];
  const results = Array.from({ length: count }, (_, index) =>
    window.through(() => {
      sent.push(index);
      return new Promise((resolve) => ends.push(resolve));
    }),
  );
  return { sent, ends, results };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('no more are under way than the broker takes, and the rest goes in order', async () => {
  const window = new SendWindow();
  window.open(2);
  const { sent, ends, results } = rig(window, 5);
  await turn();
  expect(sent).toEqual([0, 1]);
  for (let end = ends.shift(); end !== undefined; end = ends.shift()) {
    end();
    await turn();
  }
  await Promise.all(results);
  expect(sent).toEqual([0, 1, 2, 3, 4]);
});

test('what waits when the connection ends is not sent, and what comes after neither', async () => {
  const window = new SendWindow();
  window.open(1);
  const { sent, results } = rig(window, 2);
  await turn();
  window.close('gone');
  await expect(results[1]).rejects.toBe('gone');
  await expect(window.through(() => Promise.resolve())).rejects.toBe('gone');
  expect(sent).toEqual([0]);
});

test('one that the broker refuses makes room as well', async () => {
  const window = new SendWindow();
  window.open(1);
  await expect(window.through(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  await expect(window.through(() => Promise.resolve())).resolves.toBeUndefined();
});

test('one that waited is not overtaken by one that comes as it is let go', async () => {
  const window = new SendWindow();
  window.open(2);
  const { sent, ends } = rig(window, 3);
  const late = Promise.all(
    ends.splice(0).map(async (end) => {
      end();
      await Promise.resolve();
      void window.through(async () => void sent.push(9));
    }),
  );
  await late;
  await turn();
  expect(sent).toEqual([0, 1, 2, 9, 9]);
});
