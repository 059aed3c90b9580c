/** The bitrate of V4L2 encoders is a structure: written as text, read back from a real element. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

function controlsAfter(program: string): { said: string; controls: string } {
  const script = `
    import { loadGStreamer } from './src/inputs/worker/gstreamer.ts';
    import { allowStructuresAsText } from './src/inputs/worker/structure-property.ts';
    const { Pipeline } = loadGStreamer();
    // v4l2src has the same property as v4l2h264enc, which exists only where the kernel has the encoder.
    const element = new Pipeline('v4l2src name=venc extra-controls="controls,video_bitrate=1000" ! fakesink').findChild('venc');
    ${program}
    console.log('controls: ' + element['extra-controls']);`;
  const said = execFileSync(process.execPath, ['--input-type=module-typescript', '-e', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return { said, controls: /^controls: (.*)$/m.exec(said)?.[1] ?? '' };
}

it('can be changed, again and again', () => {
  const { controls } = controlsAfter(
    "allowStructuresAsText(); for (let n = 0; n <= 500; n++) element['extra-controls'] = 'controls,video_bitrate=' + n + '000';",
  );
  expect(controls).toBe('controls, video_bitrate=(int)500000;');
});

it('a text that is no structure leaves none, and harms nothing', () => {
  const { controls } = controlsAfter("allowStructuresAsText(); element['extra-controls'] = '!'; element['extra-controls'] = 'controls,video_bitrate=7';");
  expect(controls).toBe('controls, video_bitrate=(int)7;');
});

it('is refused by GObject otherwise', () => {
  const { controls } = controlsAfter("element['extra-controls'] = 'controls,video_bitrate=7';");
  expect(controls).toBe('controls, video_bitrate=(int)1000;');
});
