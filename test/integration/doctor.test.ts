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

it('the doctor sends a machine without GStreamer plugins for the packages, and says so to scripts', async () => {
  const place = new Place();
  try {
    const doctor = place.run(process.execPath, ['src/main.ts', 'doctor', '--json'], {
      GST_PLUGIN_SYSTEM_PATH_1_0: place.directory,
      GST_PLUGIN_PATH_1_0: place.directory,
      GST_REGISTRY_1_0: place.path('registry'),
      TANDEM_LIBSRT: '/nonexistent/libsrt.so',
    });
    expect(await doctor.ended, doctor.said()).toBe(69);
    const { canGoOnAir, findings } = JSON.parse(doctor.said()) as { canGoOnAir: boolean; findings: Finding[] };
    expect(canGoOnAir).toBe(false);
    const advice = findings.filter(({ essential, verdict }) => essential && verdict === 'gap').map((one) => one.advice);
    for (const name of ['gstreamer1.0-plugins-ugly', 'gstreamer1.0-libav', 'gstreamer1.0-plugins-bad', 'libsrt1.5-gnutls'])
      expect(advice.join()).toContain(name);
  } finally {
    await place.end();
  }
});
