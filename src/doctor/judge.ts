/** What a machine can do, judged: pure, from what was found. */
import { bondingAdvice } from '../model/advice.ts';

export type Verdict = 'ok' | 'gap' | 'note';

export interface Finding {
  area: string;
  what: string;
  verdict: Verdict;
  /** Nothing goes on air without it. */
  essential: boolean;
  /** What to do about it; empty where nothing need be done. */
  advice: string;
}

export interface Found {
  node: string;
  platform: string;
  /** Version text, or null where GStreamer's tools cannot be run. */
  gstreamer: string | null;
  /** Names of the elements that the registry has, of those asked for. */
  elements: readonly string[];
  srt: { version: string; bonding: boolean } | null;
  cameras: readonly { device: string; name: string }[];
  interfaces: readonly { name: string; carrier: boolean; addresses: readonly string[] }[];
  bindToDevice: 'device' | 'unicast-if' | null;
  modems: number | null;
  gpioChips: readonly string[];
  clockSynchronised: boolean | null;
  temperatureC: number | null;
  diskFreeBytes: number;
}

/** Elements that doctor asks for, with the Debian package that has each. */
export const elementPackages: Readonly<Record<string, string>> = {
  x264enc: 'gstreamer1.0-plugins-ugly',
  x265enc: 'gstreamer1.0-plugins-bad',
  v4l2h264enc: 'gstreamer1.0-plugins-good',
  nvv4l2h264enc: 'the Jetson’s own GStreamer packages',
  nvv4l2h265enc: 'the Jetson’s own GStreamer packages',
  vah264enc: 'gstreamer1.0-plugins-bad, with a VA-API driver',
  vaapih264enc: 'gstreamer1.0-vaapi',
  avenc_aac: 'gstreamer1.0-libav',
  voaacenc: 'gstreamer1.0-plugins-bad',
  fdkaacenc: 'gstreamer1.0-plugins-bad with fdk-aac',
  mpegtsmux: 'gstreamer1.0-plugins-bad',
  h264parse: 'gstreamer1.0-plugins-bad',
  timeoverlay: 'gstreamer1.0-x',
  v4l2src: 'gstreamer1.0-plugins-good',
  alsasrc: 'gstreamer1.0-alsa',
  libcamerasrc: 'gstreamer1.0-libcamera',
  nvarguscamerasrc: 'the Jetson’s own GStreamer packages',
  srtsrc: 'gstreamer1.0-plugins-bad',
  rtspsrc: 'gstreamer1.0-plugins-good',
  level: 'gstreamer1.0-plugins-good',
};

/** What a board has beyond every other machine, and so should be usable on it. */
const platformElements: readonly [RegExp, readonly [element: string, use: string][]][] = [
  [
    /^raspberrypi4$/,
    [
      ['libcamerasrc', 'CSI camera'],
      ['v4l2h264enc', 'hardware encoder'],
    ],
  ],
  [/^raspberrypi5$/, [['libcamerasrc', 'CSI camera']]],
  [/^jetson-orin-nano$/, [['nvarguscamerasrc', 'CSI camera']]],
  [
    /^jetson/,
    [
      ['nvarguscamerasrc', 'CSI camera'],
      ['nvv4l2h264enc', 'hardware encoder'],
    ],
  ],
];

const hardwareEncoders = ['nvv4l2h264enc', 'nvv4l2h265enc', 'v4l2h264enc', 'vah264enc', 'vaapih264enc'];
const lowDiskBytes = 500_000_000;
const hotC = 80;

export function judge(found: Found): Finding[] {
  const has = (element: string) => found.elements.includes(element);
  const findings: Finding[] = [];
  const say = (area: string, what: string, verdict: Verdict, advice = '', essential = false) => findings.push({ area, what, verdict, essential, advice });
  const need = (area: string, label: string, anyOf: string[]) => {
    const there = anyOf.filter(has);
    if (there.length > 0) say(area, `${label}: ${there.join(', ')}`, 'ok', '', true);
    else say(area, `${label}: none`, 'gap', `install ${elementPackages[anyOf[0] as string]}`, true);
  };
  say('machine', `${found.platform}, Node ${found.node}`, 'ok');
  if (found.gstreamer === null) say('GStreamer', 'not found', 'gap', 'install gstreamer1.0-tools and the packages of debian-packages.txt', true);
  else say('GStreamer', found.gstreamer, 'ok', '', true);
  const hardware = hardwareEncoders.filter(has);
  say(
    'encoders',
    hardware.length > 0 ? `in hardware: ${hardware.join(', ')}` : 'none in hardware',
    hardware.length > 0 ? 'ok' : 'note',
    hardware.length > 0 ? '' : 'the processor encodes (x264); at 720p that takes about half a core',
  );
  need('encoders', 'H.264', ['x264enc', ...hardwareEncoders]);
  need('encoders', 'AAC', ['avenc_aac', 'voaacenc', 'fdkaacenc']);
  need('encoders', 'MPEG-TS', ['mpegtsmux']);
  for (const [element, use] of [
    ['timeoverlay', 'burnt-in time of the test picture'],
    ['srtsrc', 'SRT inputs'],
    ['rtspsrc', 'IP cameras'],
    ['v4l2src', 'USB and HDMI capture'],
    ['alsasrc', 'sound from a capture device or a microphone'],
    ['level', 'audio level'],
  ] as const)
    say('inputs', `${use}: ${has(element) ? element : 'not there'}`, has(element) ? 'ok' : 'gap', has(element) ? '' : `install ${elementPackages[element]}`);
  for (const [element, use] of platformElements.find(([platform]) => platform.test(found.platform))?.[1] ?? [])
    say('platform', `${use}: ${has(element) ? element : 'not there'}`, has(element) ? 'ok' : 'gap', has(element) ? '' : `install ${elementPackages[element]}`);
  if (found.srt === null) say('SRT', 'libsrt not found', 'gap', 'install libsrt1.5-gnutls', true);
  else
    say(
      'SRT',
      `libsrt ${found.srt.version}, ${found.srt.bonding ? 'with' : 'without'} socket groups`,
      found.srt.bonding ? 'ok' : 'note',
      found.srt.bonding ? '' : `only the modes broadcast and backup need them: ${bondingAdvice}`,
      true,
    );
  judgePlace(found, say);
  return findings;
}

type Say = (area: string, what: string, verdict: Verdict, advice?: string, essential?: boolean) => void;

function judgePlace(found: Found, say: Say): void {
  if (found.cameras.length === 0) say('cameras', 'none', 'note', 'connect a camera or a capture device, or use a network input');
  for (const { device, name } of found.cameras) say('cameras', `${device}: ${name}`, 'ok');
  const up = found.interfaces.filter(({ carrier, addresses }) => carrier && addresses.length > 0);
  for (const { name, carrier, addresses } of found.interfaces)
    say(
      'networks',
      `${name}: ${carrier ? addresses.join(', ') || 'no address' : 'no carrier'}`,
      carrier && addresses.length > 0 ? 'ok' : 'note',
      carrier ? '' : 'plug in the cable, or ignore it',
    );
  if (up.length < 2) say('networks', `${up.length} of them can carry the program`, 'note', 'bonding needs two: add a modem or a second cable');
  if (found.bindToDevice === 'device') say('networks', 'sockets can be bound to an interface', 'ok');
  else say('networks', 'sockets cannot be bound to an interface', 'gap', 'give the media daemon CAP_NET_RAW (its systemd unit does)');
  if (found.modems === null) say('modems', 'ModemManager is not there', 'note', 'install modemmanager to see operator and signal');
  else say('modems', `${found.modems}`, 'ok');
  say(
    'GPIO',
    found.gpioChips.length > 0 ? found.gpioChips.join(', ') : 'none',
    found.gpioChips.length > 0 ? 'ok' : 'note',
    found.gpioChips.length > 0 ? '' : 'no tally lamp and no button',
  );
  if (found.clockSynchronised === true) say('clock', 'synchronised', 'ok');
  else
    say('clock', found.clockSynchronised === null ? 'not known whether it is synchronised' : 'not synchronised', 'note', 'install systemd-timesyncd or chrony');
  if (found.temperatureC !== null)
    say(
      'temperature',
      `${Math.round(found.temperatureC)} °C`,
      found.temperatureC < hotC ? 'ok' : 'gap',
      found.temperatureC < hotC ? '' : 'cool the box: it will throttle',
    );
  const free = `${(found.diskFreeBytes / 1e9).toFixed(1)} GB free`;
  say('disk', free, found.diskFreeBytes > lowDiskBytes ? 'ok' : 'gap', found.diskFreeBytes > lowDiskBytes ? '' : 'make room');
}

/** Whether the program can go on air here at all. */
export const canGoOnAir = (findings: readonly Finding[]): boolean => findings.every(({ essential, verdict }) => !essential || verdict !== 'gap');
