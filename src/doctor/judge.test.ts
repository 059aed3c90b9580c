import { describe, expect, it } from 'vitest';
import { canGoOnAir, elementPackages, type Found, judge } from './judge.ts';

const complete: Found = {
  node: '24.21.0',
  platform: 'generic',
  gstreamer: 'GStreamer 1.22.0',
  elements: Object.keys(elementPackages),
  srt: { version: '1.5.1', bonding: false },
  cameras: [{ device: '/dev/video0', name: 'Camera' }],
  interfaces: [{ name: 'eth0', carrier: true, addresses: ['192.0.2.1'] }],
  bindToDevice: 'device',
  modems: null,
  gpioChips: [],
  clockSynchronised: true,
  temperatureC: 40,
  diskFreeBytes: 10e9,
};

describe('the doctor', () => {
  it('lets a complete machine on air, with notes on what it could have', () => {
    const findings = judge(complete);
    expect(canGoOnAir(findings)).toBe(true);
    expect(findings.filter(({ verdict }) => verdict === 'gap')).toEqual([]);
    expect(findings.find(({ what }) => what.startsWith('1 of them'))?.advice).toMatch(/modem/);
  });
  it.each([
    ['GStreamer', { gstreamer: null }, /gstreamer1\.0-tools/],
    ['an H.264 encoder', { elements: ['avenc_aac', 'mpegtsmux'] }, /plugins-ugly/],
    ['libsrt', { srt: null }, /libsrt1\.5-gnutls/],
  ])('does not without %s, and names the package', (_, patch, advice) => {
    const findings = judge({ ...complete, ...patch });
    expect(canGoOnAir(findings)).toBe(false);
    expect(
      findings
        .filter(({ essential, verdict }) => essential && verdict === 'gap')
        .map((one) => one.advice)
        .join(),
    ).toMatch(advice);
  });

  it.each([
    ['raspberrypi4', ['libcamerasrc', 'v4l2h264enc'], 2],
    ['raspberrypi5', ['libcamerasrc', 'v4l2h264enc'], 1],
    ['jetson-orin', ['nvarguscamerasrc', 'nvv4l2h264enc'], 2],
    ['generic', ['nvarguscamerasrc', 'nvv4l2h264enc', 'libcamerasrc', 'v4l2h264enc'], 0],
  ])('on %s misses what that board could do', (platform, absent, gaps) => {
    const findings = judge({ ...complete, platform, elements: complete.elements.filter((one) => !absent.includes(one)) });
    expect(findings.filter(({ area, verdict }) => area === 'platform' && verdict === 'gap')).toHaveLength(gaps);
    expect(canGoOnAir(findings)).toBe(true);
  });

  it('says how to come by socket groups, without which all other modes work', () => {
    const srt = judge(complete).find(({ area }) => area === 'SRT');
    expect(srt).toMatchObject({ verdict: 'note', advice: expect.stringMatching(/srt-bonding/) });
    expect(judge({ ...complete, srt: { version: '1.5.1', bonding: true } }).find(({ area }) => area === 'SRT')).toMatchObject({ verdict: 'ok', advice: '' });
  });

  it('never reports a gap without saying what to do', () => {
    const nothing = judge({
      ...complete,
      platform: 'jetson-orin',
      gstreamer: null,
      elements: [],
      srt: null,
      bindToDevice: null,
      temperatureC: 99,
      diskFreeBytes: 0,
    });
    expect(nothing.filter(({ verdict, advice }) => verdict === 'gap' && advice === '')).toEqual([]);
    expect(nothing.filter(({ verdict }) => verdict === 'gap').length).toBeGreaterThan(10);
  });
});
