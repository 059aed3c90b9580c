/** A worker's own pipeline for some seconds, whole or without a branch, and its CPU seconds. `node cost-worker.ts JOB`, a JSON; fd 3 takes the stream. */
import { inputSchema, programSchema } from '../../src/config/schema.ts';
import { encoderTemplate } from '../../src/inputs/pipelines/catalogue.ts';
import { composeEncoded, level } from '../../src/inputs/pipelines/compose.ts';
import { countArrivals } from '../../src/inputs/worker/arrivals.ts';
import { loadGStreamer } from '../../src/inputs/worker/gstreamer.ts';
import { loudest, watchPictures } from '../../src/inputs/worker/watch.ts';

export interface CostJob {
  input: unknown;
  program: unknown;
  seconds: number;
  without: 'nothing' | 'content' | 'arrivals';
}

const job = JSON.parse(process.argv[2] ?? '') as CostJob;
const { Pipeline } = loadGStreamer();
const whole = composeEncoded(inputSchema.parse(job.input), programSchema.parse(job.program), { encoder: encoderTemplate('x264'), audioEncoder: 'voaacenc' });
const branch = {
  nothing: null,
  content: /seen\. ! (?:(?!seen\. ).)*appsink name=grey \S+ \S+ \S+ \S+ /,
  arrivals: /arrived\. ! .*?appsink name=arrivals \S+ \S+ \S+ \S+ /,
};
const cut = branch[job.without];
let launch = cut === null ? whole : whole.replace(cut, '');
if (job.without === 'content') launch = launch.replace(` ! ${level}`, '');
if (job.without !== 'nothing' && launch === whole) throw new Error('there is no such branch to leave out');
const pipeline = new Pipeline(launch);
let seen = 0;
pipeline.pollBus((message) => {
  if (message.type === 'error') throw new Error(message.message);
  if (message.type === 'element' && message.name === 'level' && loudest(message.rms) !== null) seen++;
});
pipeline.play();
watchPictures(
  pipeline,
  () => seen++,
  () => undefined,
);
countArrivals(pipeline);
// The start costs what it costs once.
setTimeout(() => {
  const before = process.cpuUsage();
  seen = 0;
  setTimeout(() => {
    const { user, system } = process.cpuUsage(before);
    process.stdout.write(JSON.stringify({ cpuSeconds: (user + system) / 1e6, seen }), () => process.kill(process.pid, 'SIGKILL'));
  }, job.seconds * 1000);
}, 3000);
