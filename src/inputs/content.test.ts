import { describe, expect, it } from 'vitest';
import { ContentWatch } from './content.ts';

const still = { change: 0, peak: 0, drift: 0, lit: 0.8 };

describe('the content watch', () => {
  it('takes noise for movement, however little', () => {
    const watch = new ContentWatch();
    for (let at = 200; at <= 4000; at += 200) watch.see({ ...still, change: 0.02, peak: 1 }, at);
    expect(watch.movedMs).toBe(4000);
  });

  it('does not take the key frames of a frozen picture for movement', () => {
    const watch = new ContentWatch();
    for (let at = 200; at <= 4000; at += 200) watch.see(at % 1000 === 0 ? { ...still, change: 0.6, peak: 9, drift: 0.5 } : still, at);
    expect(watch.movedMs).toBe(200);
  });

  it('does not take for movement what an encoder makes of a frozen picture, better and better', () => {
    const watch = new ContentWatch();
    for (let at = 100; at <= 4000; at += 100) watch.see({ ...still, change: at % 1000 < 600 ? 0.3 : 0, peak: 3 }, at);
    expect(watch.movedMs).toBe(100);
  });

  it('takes one letter on a page that stands still for movement', () => {
    const watch = new ContentWatch();
    for (let at = 200; at <= 4000; at += 200) watch.see(at === 3000 ? { ...still, change: 0.02, peak: 120 } : still, at);
    expect(watch.movedMs).toBe(3000);
  });

  it('does not take a dark picture in which something moves for black', () => {
    const watch = new ContentWatch();
    for (let at = 200; at <= 4000; at += 200) watch.see({ change: 0.3, peak: 10, drift: at <= 2000 ? 0.9 : 0, lit: 0.001 }, at);
    expect(watch.litMs).toBe(2000);
  });

  it('takes a covered lens for black, though its sensor’s noise goes on and each key frame codes it anew', () => {
    const watch = new ContentWatch();
    for (let at = 200; at <= 4000; at += 200) watch.see({ change: 1.2, peak: 9, drift: at % 1000 === 0 ? 0.7 : 0.3, lit: 0 }, at);
    expect(watch.litMs).toBe(200);
  });

  it('counts silence from the last sound; what never made one is not watched', () => {
    const watch = new ContentWatch();
    watch.hear(null, -50, 100);
    expect(watch.soundMs).toBe(0);
    watch.hear(-20, -50, 600);
    watch.hear(-70, -50, 1100);
    expect(watch.soundMs).toBe(600);
    watch.reset();
    expect(watch.soundMs).toBe(0);
  });
});
