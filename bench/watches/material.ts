/** What the content watches are tried on: pictures and sounds of many kinds, made by ffmpeg, with what is wrong in them, and when. */

export type Watch = 'frozen' | 'black' | 'silence';

export interface Material {
  name: string;
  /** A lavfi graph. */
  graph: string;
  seconds: number;
  /** How it was encoded before it reached the box. */
  codec: keyof typeof codecs;
  /** A fault that is really there, from `fromMs` to `toMs` of every `everyMs`; absent: there is none, and each complaint is a false one. */
  fault?: { watch: Watch; everyMs: number; fromMs: number; toMs: number };
  /** What nobody could tell from a fault at a short time: why a complaint is right by the letter. */
  letter?: string;
}

const x264 = (kbps: number, preset: string, gop: number): string[] =>
  `-c:v libx264 -preset ${preset} -g ${gop} -b:v ${kbps}k -maxrate ${kbps}k -bufsize ${kbps}k -pix_fmt yuv420p`.split(' ');

/** ffmpeg's arguments, and the container. */
export const codecs = {
  'H.264 1500 kbit/s': { args: [...x264(1500, 'ultrafast', 25), '-tune', 'zerolatency'], container: 'mpegts' },
  'H.264 4000 kbit/s': { args: x264(4000, 'ultrafast', 50), container: 'mpegts' },
  'H.264 250 kbit/s': { args: x264(250, 'superfast', 50), container: 'mpegts' },
  'H.264 250 kbit/s, key frame each 10 s': { args: x264(250, 'superfast', 250), container: 'mpegts' },
  'H.264 800 kbit/s, B-frames': { args: x264(800, 'veryfast', 50), container: 'mpegts' },
  'H.265 600 kbit/s': {
    args: '-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=50 -b:v 600k -pix_fmt yuv420p'.split(' '),
    container: 'mpegts',
  },
  'MPEG-2 3000 kbit/s': { args: '-c:v mpeg2video -g 12 -bf 2 -b:v 3000k -maxrate 3000k -bufsize 1500k -pix_fmt yuv420p'.split(' '), container: 'mpegts' },
  MJPEG: { args: '-c:v mjpeg -q:v 6 -pix_fmt yuvj420p'.split(' '), container: 'matroska' },
  AAC: { args: '-c:a aac -b:a 96k -ac 2 -ar 48000'.split(' '), container: 'mpegts' },
} as const;

const size = 'size=640x360:rate=25';
const noise = (strength: number, seed: number): string => `noise=alls=${strength}:allf=t:all_seed=${seed}`;
/** Luma, and colour away: 16 is black. */
const dim = (factor: number, base = 16): string => `lutyuv=y='${base}+(val-16)*${factor}':u=128:v=128`;
const head = (wall: string): string =>
  // A face of two tones that sways by a few points, a mouth that opens and closes and pauses for breath, eyes that blink.
  `${wall}[w];color=c=0xc09070:size=150x200:rate=25[f];color=c=0x803030:size=50x14:rate=25[m];color=c=0x302010:size=90x10:rate=25[e];` +
  "[w][f]overlay=x='245+6*sin(t*0.9)':y='80+3*sin(t*1.3)':shortest=1[a];[a][m]overlay=x='295+6*sin(t*0.9)':y='220+7*sin(t*9)*gt(sin(t*0.5)\\,-0.6)'[b];" +
  "[b][e]overlay=x='275+6*sin(t*0.9)':y='130+3*sin(t*1.3)':enable='gt(mod(t\\,4)\\,0.2)'";
/** One picture of it, again and again. */
const wall = 'gradients=size=640x360:rate=25:c0=0x405060:c1=0x708090:seed=3,loop=loop=-1:size=1';
const slides = "testsrc=size=640x360:rate=25,select='eq(mod(n\\,200)\\,0)',fps=25";
const leaf = `${wall}[w];color=c=0x30a030:size=10x10:rate=25[l];[w][l]overlay=x='300+4*sin(t*2)':y=170:shortest=1`;
const lamp = "color=c=black:size=640x360:rate=25[w];color=c=0xb0b0b0:size=16x16:rate=25[l];[w][l]overlay=x='mod(t*40\\,620)':y='170+60*sin(t)':shortest=1";
const stand = "select='not(between(mod(t\\,20)\\,10\\,18))',fps=25";

export const pictures: Material[] = [
  { name: 'pattern with moving parts', graph: `testsrc2=${size}`, seconds: 120, codec: 'H.264 1500 kbit/s' },
  { name: 'slow zoom', graph: `mandelbrot=size=320x180:rate=25,scale=640:360`, seconds: 90, codec: 'H.264 1500 kbit/s' },
  { name: 'small things everywhere', graph: `life=size=320x180:mold=10:rate=25:ratio=0.1:seed=5,scale=640:360`, seconds: 90, codec: 'H.264 4000 kbit/s' },
  { name: 'scrolling structure', graph: `cellauto=size=640x360:rate=25:rule=110:seed=7`, seconds: 90, codec: 'H.264 1500 kbit/s' },
  {
    name: 'sky, hardly moving',
    graph: `gradients=size=160x90:rate=25:speed=0.003:seed=9,scale=640:360,${noise(2, 1)}`,
    seconds: 120,
    codec: 'H.264 1500 kbit/s',
  },
  { name: 'still scene, camera noise', graph: `smptebars=${size},${noise(4, 2)}`, seconds: 180, codec: 'H.264 4000 kbit/s' },
  { name: 'still scene, camera noise, starved', graph: `smptebars=${size},${noise(6, 3)}`, seconds: 180, codec: 'H.264 250 kbit/s' },
  { name: 'still scene, camera noise', graph: `smptebars=${size},${noise(4, 4)}`, seconds: 120, codec: 'MJPEG' },
  { name: 'wall with a leaf that moves', graph: `${leaf},${noise(2, 5)}`, seconds: 150, codec: 'H.264 1500 kbit/s' },
  { name: 'talking head', graph: `${head(wall)},${noise(3, 6)}`, seconds: 180, codec: 'H.264 1500 kbit/s' },
  { name: 'talking head, starved', graph: `${head(wall)},${noise(3, 7)}`, seconds: 180, codec: 'H.264 250 kbit/s' },
  { name: 'talking head', graph: `${head(wall)},${noise(3, 8)}`, seconds: 120, codec: 'MJPEG' },
  { name: 'talking head without noise', graph: head(wall), seconds: 120, codec: 'H.264 1500 kbit/s' },
  { name: 'slides filmed by a camera, a new one each 8 s', graph: `${slides},${noise(4, 9)}`, seconds: 160, codec: 'H.264 1500 kbit/s' },
  { name: 'dark scene with movement', graph: `testsrc2=${size},${dim(0.06)}`, seconds: 150, codec: 'H.264 1500 kbit/s' },
  { name: 'dark scene with movement and noise', graph: `testsrc2=${size},${dim(0.06)},${noise(3, 10)}`, seconds: 120, codec: 'H.264 1500 kbit/s' },
  { name: 'night, one small lamp that wanders', graph: `${lamp},${noise(2, 11)}`, seconds: 120, codec: 'H.264 1500 kbit/s' },
  {
    name: 'fades to black and back, 0.4 s black each 10 s',
    graph: `testsrc2=${size},eq=brightness='-clip((0.7-abs(mod(t\\,10)-5))/0.5\\,0\\,1)':eval=frame`,
    seconds: 120,
    codec: 'H.264 1500 kbit/s',
  },
  {
    name: 'slides from a computer, a new one each 8 s, no noise',
    graph: slides,
    seconds: 160,
    codec: 'H.264 1500 kbit/s',
    letter: 'nothing changes for 8 s',
  },
];

const eachTwenty = { everyMs: 20_000, fromMs: 10_000, toMs: 18_000 };
const dark = "drawbox=c=black:t=fill:enable='between(mod(t\\,20)\\,10\\,18)'";

export const brokenPictures: Material[] = [
  ...(['H.264 1500 kbit/s', 'H.264 250 kbit/s', 'MJPEG', 'H.264 250 kbit/s, key frame each 10 s'] as const).map((codec, at) => ({
    name: 'talking head that freezes',
    graph: `${head(wall)},${noise(3, 20 + at)},${stand}`,
    seconds: 100,
    codec,
    fault: { watch: 'frozen' as const, ...eachTwenty },
  })),
  { name: 'pattern that freezes', graph: `testsrc2=${size},${stand}`, seconds: 100, codec: 'H.264 4000 kbit/s', fault: { watch: 'frozen', ...eachTwenty } },
  { name: 'signal gone black', graph: `testsrc2=${size},${dark}`, seconds: 100, codec: 'H.264 1500 kbit/s', fault: { watch: 'black', ...eachTwenty } },
  {
    name: 'lens covered, noise of the sensor goes on',
    graph: `testsrc2=${size},${dark},${noise(4, 30)}`,
    seconds: 100,
    codec: 'H.264 1500 kbit/s',
    fault: { watch: 'black', ...eachTwenty },
  },
  {
    name: 'lens covered, noise of the sensor goes on',
    graph: `testsrc2=${size},${dark},${noise(8, 31)}`,
    seconds: 100,
    codec: 'MJPEG',
    fault: { watch: 'black', ...eachTwenty },
  },
];

const say = (text: string): string => `flite=text='${text}':voice=slt,aresample=48000,aformat=channel_layouts=stereo`;
const words =
  'Good evening and welcome. We are live from the harbour this evening. The wind has dropped. The boats are coming in. Let us hear what the people here have to say about it. What did you see out there. Nothing at all for most of the day. And then the whole sea was full of them.';
/** Pink noise of this RMS: anoisesrc's amplitude of 1 is about −15 dBFS for pink. */
const room = (db: number, seed: number): string => `anoisesrc=color=pink:sample_rate=48000:seed=${seed}:amplitude=${(10 ** ((db + 15) / 20)).toFixed(6)}`;
const spoken = (pauseSeconds: number): string => `${say(words)},apad=pad_dur=${pauseSeconds},aloop=loop=-1:size=2147483647`;
/** `tag`: what sets the names of its parts apart from those of another mix within. */
const mixed = (one: string, other: string, tag = 'm'): string =>
  `${one}[${tag}1];${other}[${tag}2];[${tag}1][${tag}2]amix=inputs=2:normalize=0:duration=longest`;
const chord = (volume: number): string =>
  `aevalsrc='${volume}*(sin(2*PI*220*t)+sin(2*PI*277*t)+sin(2*PI*330*t))/3*(0.55+0.45*sin(2*PI*t/3))*gt(mod(t\\,7)\\,0.6)':s=48000`;

export const sounds: Material[] = [
  { name: 'speech, 2 s between paragraphs, room at −45 dBFS', graph: mixed(spoken(2), room(-45, 1)), seconds: 300, codec: 'AAC' },
  {
    name: 'speech, 0.7 s between paragraphs and what the voice adds, dead room',
    graph: spoken(0.7),
    seconds: 300,
    codec: 'AAC',
    letter: 'a second and more without any sound',
  },
  { name: 'speech, no more between paragraphs than the voice adds, dead room', graph: spoken(0), seconds: 300, codec: 'AAC' },
  { name: 'room at −45 dBFS, nobody speaks', graph: room(-45, 2), seconds: 240, codec: 'AAC' },
  { name: 'mains hum at −44 dBFS', graph: "aevalsrc='0.0089*sin(2*PI*50*t)':s=48000", seconds: 180, codec: 'AAC' },
  { name: 'music with rests of 0.6 s', graph: chord(0.3), seconds: 300, codec: 'AAC' },
  {
    name: 'quiet music at −40 dBFS with rests of 0.6 s',
    graph: chord(0.03),
    seconds: 240,
    codec: 'AAC',
    letter: 'below −50 dBFS for a second where it is quietest',
  },
  { name: 'crowd that swells and falls', graph: `${room(-25, 3)},tremolo=f=0.2:d=0.9`, seconds: 180, codec: 'AAC' },
  {
    name: 'wind, low and slow',
    graph: 'anoisesrc=color=brown:sample_rate=48000:seed=4:amplitude=0.05,tremolo=f=0.1:d=0.8',
    seconds: 120,
    codec: 'AAC',
    letter: 'below −50 dBFS for a second in its lulls',
  },
  {
    name: 'speech, 2 s between paragraphs, dead room',
    graph: spoken(2),
    seconds: 240,
    codec: 'AAC',
    letter: '2 s without any sound',
  },
];

const eachForty = { everyMs: 40_000, fromMs: 20_000, toMs: 38_000 };

export const brokenSounds: Material[] = [
  {
    name: 'speech whose microphone fails',
    graph: `${mixed(spoken(0.7), room(-45, 5))},volume=0:enable='between(mod(t\\,40)\\,20\\,38)'`,
    seconds: 200,
    codec: 'AAC',
    fault: { watch: 'silence', ...eachForty },
  },
  {
    name: 'speech whose microphone fails, noise of the amplifier at −65 dBFS stays',
    graph: mixed(`${mixed(spoken(0.7), room(-45, 6))},volume=0:enable='between(mod(t\\,40)\\,20\\,38)'`, room(-65, 7), 'n'),
    seconds: 200,
    codec: 'AAC',
    fault: { watch: 'silence', ...eachForty },
  },
  {
    name: 'music that stops',
    graph: `${chord(0.3)},volume=0:enable='between(mod(t\\,40)\\,20\\,38)'`,
    seconds: 200,
    codec: 'AAC',
    fault: { watch: 'silence', ...eachForty },
  },
];
