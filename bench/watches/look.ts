/**
 * The watch's own branches on a file, faster than real time: prints what they say of it as JSON. A process for each file, since a pipeline
 * holds threads for good. `node look.ts FILE picture|sound`.
 */
import { grey, level } from '../../src/inputs/pipelines/compose.ts';
import { loadGStreamer } from '../../src/inputs/worker/gstreamer.ts';
import { loudest, watchPictures } from '../../src/inputs/worker/watch.ts';

const [file = '', what] = process.argv.slice(2);
const { Pipeline } = loadGStreamer();
const source = `filesrc location="${file}" ! decodebin name=source source. ! queue`;
const pipeline = new Pipeline(
  what === 'picture'
    ? // As compose.ts has it, with a queue that waits instead of one that leaks.
      `${source} ! videoconvert ! videoscale add-borders=true ! videorate ! video/x-raw,format=I420,width=640,height=360,framerate=30/1,pixel-aspect-ratio=1/1 ! ${grey} ! appsink name=grey max-buffers=4 drop=false sync=false`
    : `${source} ! audioconvert ! audioresample ! audio/x-raw,rate=48000,channels=2 ! ${level} ! fakesink sync=false`,
);
const seen: unknown[] = [];
const end = (): void => {
  // An exit would wait for GStreamer's threads, now and then for ever.
  process.stdout.write(JSON.stringify(seen), () => process.kill(process.pid, 'SIGKILL'));
};
pipeline.pollBus((message) => {
  if (message.type === 'error') {
    process.stderr.write(`${message.message}\n`);
    process.exit(1);
  }
  if (message.type === 'element' && message.name === 'level') seen.push(loudest(message.rms));
  if (message.type === 'eos' && what === 'sound') end();
});
pipeline.play();
watchPictures(pipeline, (message) => message.type === 'picture' && seen.push(message), end);
