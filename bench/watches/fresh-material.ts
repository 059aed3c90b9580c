/** What no threshold was chosen on: other scenes, other codecs and other sounds than material.ts has, made after the thresholds stood. */
import type { Material } from './material.ts';

const size = 'size=640x360:rate=25';
const noise = (strength: number, seed: number): string => `noise=alls=${strength}:allf=t:all_seed=${seed}`;
const dim = (factor: number): string => `lutyuv=y='16+(val-16)*${factor}':u=128:v=128`;
/** One picture of it, again and again. */
const still = (graph: string): string => `${graph},loop=loop=-1:size=1`;
const over = (back: string, front: string, place: string): string => `${back}[b];${front}[f];[b][f]overlay=${place}:shortest=1`;

/** Two people at a table: one nods, one listens and hardly moves. */
const interview = over(
  over(still(`pal75bars=${size},gblur=sigma=30`), 'color=c=0xa07860:size=90x130:rate=25', "x='140+2*sin(t*2.1)':y='120+4*sin(t*3.3)*lt(mod(t\\,9)\\,5)'")
    .replaceAll('[b]', '[c]')
    .replaceAll('[f]', '[g]'),
  'color=c=0xc8a080:size=90x130:rate=25',
  "x='410+1.5*sin(t*0.4)':y='125+1.5*sin(t*0.5)'",
);
const flag = over(still(`smptehdbars=${size},gblur=sigma=20`), 'sierpinski=size=60x40:rate=25:type=triangle:seed=4', "x='500+3*sin(t*5)':y='60+2*sin(t*7)'");
const ticker = over(still(`testsrc2=${size}`), 'testsrc2=size=1280x24:rate=25', "x='-mod(t*60\\,640)':y=330");
const hand = `testsrc=size=720x420:rate=25,loop=loop=-1:size=1,crop=640:360:'30+6*sin(t*1.7)+2*sin(t*9)':'30+5*sin(t*1.1)+2*sin(t*11)'`;
const candle = `color=c=black:${size},drawbox=x=310:y=150:w=14:h=40:c=0xffb040@0.5:t=fill,eq=brightness='0.03*sin(t*13)+0.02*sin(t*31)':eval=frame`;
const street = over(
  over(`color=c=0x0c0c10:${size}`, 'color=c=0xd0d0a0:size=8x5:rate=25', "x='mod(t*110\\,640)':y=250").replaceAll('[b]', '[c]').replaceAll('[f]', '[g]'),
  'color=c=0x902020:size=8x5:rate=25',
  "x='640-mod(t*70\\,640)':y=270",
);
const snow = `nullsrc=${size},geq=lum='if(gt(random(1)\\,0.998)\\,120\\,18)':cb=128:cr=128`;
const strobe = `mandelbrot=size=320x180:rate=25,scale=640:360,drawbox=c=black:t=fill:enable='lt(mod(t\\,2)\\,0.7)'`;
const hold = (from: number, to: number): string => `select='not(between(mod(t\\,20)\\,${from}\\,${to}))',fps=25`;

export const freshPictures: Material[] = [
  { name: 'interview of two', graph: `${interview},${noise(3, 101)}`, seconds: 180, codec: 'H.264 800 kbit/s, B-frames' },
  { name: 'interview of two', graph: `${interview},${noise(3, 102)}`, seconds: 120, codec: 'MPEG-2 3000 kbit/s' },
  { name: 'interview of two, cleaned of noise by the camera', graph: interview, seconds: 120, codec: 'H.265 600 kbit/s' },
  { name: 'still life with a flag', graph: `${flag},${noise(2, 103)}`, seconds: 180, codec: 'H.265 600 kbit/s' },
  { name: 'still life with a flag', graph: `${flag},${noise(2, 104)}`, seconds: 120, codec: 'MJPEG' },
  { name: 'graphic with a line of news below', graph: ticker, seconds: 120, codec: 'H.264 800 kbit/s, B-frames' },
  { name: 'still scene from the hand', graph: hand, seconds: 120, codec: 'H.264 800 kbit/s, B-frames' },
  {
    name: 'still scene from a tripod, noise',
    graph: `${still(`haldclutsrc=8,scale=640:360,fps=25`)},${noise(3, 105)}`,
    seconds: 180,
    codec: 'H.265 600 kbit/s',
  },
  {
    name: 'still scene from a tripod, noise',
    graph: `${still(`haldclutsrc=8,scale=640:360,fps=25`)},${noise(3, 106)}`,
    seconds: 180,
    codec: 'MPEG-2 3000 kbit/s',
  },
  { name: 'candle in a dark church', graph: `${candle},${noise(2, 107)}`, seconds: 120, codec: 'H.264 800 kbit/s, B-frames' },
  { name: 'street at night, two cars', graph: `${street},${noise(2, 108)}`, seconds: 120, codec: 'H.265 600 kbit/s' },
  { name: 'snow at night', graph: snow, seconds: 90, codec: 'H.264 800 kbit/s, B-frames' },
  { name: 'concert, dark for 0.7 s of each 2 s', graph: strobe, seconds: 90, codec: 'H.264 800 kbit/s, B-frames' },
  { name: 'dim stage', graph: `sierpinski=${size}:seed=8,${dim(0.1)},${noise(3, 109)}`, seconds: 120, codec: 'MPEG-2 3000 kbit/s' },
];

const frozen = { watch: 'frozen' as const, everyMs: 20_000, fromMs: 10_000, toMs: 18_000 };
const black = { watch: 'black' as const, everyMs: 20_000, fromMs: 10_000, toMs: 18_000 };
const cap = "drawbox=c=0x060606:t=fill:enable='between(mod(t\\,20)\\,10\\,18)'";

export const freshBrokenPictures: Material[] = [
  ...(['H.264 800 kbit/s, B-frames', 'H.265 600 kbit/s', 'MPEG-2 3000 kbit/s', 'MJPEG'] as const).map((codec, at) => ({
    name: 'interview that freezes',
    graph: `${interview},${noise(3, 120 + at)},${hold(10, 18)}`,
    seconds: 100,
    codec,
    fault: frozen,
  })),
  ...(['H.264 800 kbit/s, B-frames', 'H.265 600 kbit/s', 'MPEG-2 3000 kbit/s', 'MJPEG'] as const).map((codec, at) => ({
    name: 'lens cap, noise behind it',
    graph: `${hand},${cap},${noise(5, 130 + at)}`,
    seconds: 100,
    codec,
    fault: black,
  })),
];

const says = (text: string, voice: string, pauseSeconds: number): string =>
  `flite=text='${text}':voice=${voice},aresample=48000,aformat=channel_layouts=stereo,apad=pad_dur=${pauseSeconds},aloop=loop=-1:size=2147483647`;
const text =
  'The score is two to one with nine minutes to play. He looks up. He waits. He passes it to the left and runs. No. It goes behind. A corner then, and everybody comes forward.';
const room = (db: number, seed: number): string => `anoisesrc=color=white:sample_rate=48000:seed=${seed}:amplitude=${(10 ** ((db + 4.8) / 20)).toFixed(6)}`;
const mixed = (one: string, other: string): string => `${one}[x];${other}[y];[x][y]amix=inputs=2:normalize=0:duration=longest`;

export const freshSounds: Material[] = [
  { name: 'commentator, 1.5 s between, stadium at −38 dBFS', graph: mixed(says(text, 'kal', 1.5), room(-38, 201)), seconds: 300, codec: 'AAC' },
  { name: 'presenter, 0.5 s between, studio at −60 dBFS', graph: mixed(says(text, 'rms', 0.5), room(-60, 202)), seconds: 300, codec: 'AAC' },
  {
    name: 'presenter, 2 s between, studio at −60 dBFS',
    graph: mixed(says(text, 'awb', 2), room(-60, 203)),
    seconds: 240,
    codec: 'AAC',
    letter: '2 s below −50 dBFS',
  },
  { name: 'rain', graph: `${room(-35, 204)},tremolo=f=0.3:d=0.5`, seconds: 240, codec: 'AAC' },
  {
    name: 'clock that ticks each second in a room at −48 dBFS',
    graph: mixed("aevalsrc='0.3*sin(2*PI*2000*t)*lt(mod(t\\,1)\\,0.02)':s=48000", room(-48, 205)),
    seconds: 240,
    codec: 'AAC',
  },
  { name: 'piano: notes that die away for 2.5 s', graph: "aevalsrc='0.4*exp(-2*mod(t\\,2.5))*sin(2*PI*262*t)':s=48000", seconds: 300, codec: 'AAC' },
  {
    name: 'birds, a call each 3 s, wind at −46 dBFS',
    graph: mixed(
      "aevalsrc='0.2*sin(2*PI*(3000+800*sin(2*PI*6*t))*t)*lt(mod(t\\,3)\\,0.4)':s=48000",
      'anoisesrc=color=brown:sample_rate=48000:seed=206:amplitude=0.03',
    ),
    seconds: 240,
    codec: 'AAC',
  },
];

export const freshBrokenSounds: Material[] = [
  {
    name: 'commentator whose line drops',
    graph: `${mixed(says(text, 'kal', 0.5), room(-38, 210))},volume=0:enable='between(mod(t\\,40)\\,20\\,38)'`,
    seconds: 200,
    codec: 'AAC',
    fault: { watch: 'silence', everyMs: 40_000, fromMs: 20_000, toMs: 38_000 },
  },
];
