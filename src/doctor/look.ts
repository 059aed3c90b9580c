/** Looks at the machine. Everything that is not there is an answer, never an error. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statfsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import { clockSynchronised } from '../control/vitals/clock-sync.ts';
import { detectPlatform } from '../inputs/platform.ts';
import { srtLibrary } from '../uplink/srt/library.ts';
import { UdpBatchSocket } from '../uplink/udp/socket.ts';
import { elementPackages, type Found } from './judge.ts';

const run = promisify(execFile);
const toolMsMax = 15_000;

export async function look(): Promise<Found> {
  return {
    node: process.versions.node,
    platform: detectPlatform(),
    gstreamer: (await output('gst-inspect-1.0', ['--version']))?.split('\n')[1]?.trim() ?? null,
    elements: await presentElements(Object.keys(elementPackages)),
    srt: libsrt(),
    cameras: list('/sys/class/video4linux').map((name) => ({ device: `/dev/${name}`, name: text(`/sys/class/video4linux/${name}/name`) ?? '' })),
    interfaces: interfaces(),
    bindToDevice: boundBy(),
    modems: countModems(await output('mmcli', ['-L'])),
    gpioChips: list('/dev').filter((name) => /^gpiochip\d+$/.test(name)),
    clockSynchronised: clockSynchronised(),
    temperatureC: hottest(),
    diskFreeBytes: free('/'),
  };
}

/** Two at a time: on a small board each call takes a good part of a second. */
async function presentElements(names: string[]): Promise<string[]> {
  const queue = [...names];
  const there: string[] = [];
  const work = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift())
      if ((await output('gst-inspect-1.0', ['--exists', name])) !== null) there.push(name);
  };
  await Promise.all([work(), work()]);
  return there.sort();
}

async function output(tool: string, args: string[]): Promise<string | null> {
  try {
    return (await run(tool, args, { timeout: toolMsMax })).stdout;
  } catch {
    return null;
  }
}

function libsrt(): Found['srt'] {
  try {
    const { version, bonding } = srtLibrary();
    return { version, bonding };
  } catch {
    return null;
  }
}

function boundBy(): Found['bindToDevice'] {
  try {
    const socket = UdpBatchSocket.open({ host: '127.0.0.1', device: 'lo' });
    const how = socket.boundBy;
    socket.close();
    return how;
  } catch {
    return null;
  }
}

function interfaces(): Found['interfaces'] {
  const addresses = networkInterfaces();
  return list('/sys/class/net')
    .filter((name) => name !== 'lo')
    .map((name) => ({ name, carrier: text(`/sys/class/net/${name}/carrier`) === '1', addresses: (addresses[name] ?? []).map(({ address }) => address) }));
}

function hottest(): number | null {
  const zones = list('/sys/class/thermal').filter((name) => name.startsWith('thermal_zone'));
  const degrees = zones.map((zone) => Number(text(`/sys/class/thermal/${zone}/temp`)) / 1000).filter((one) => Number.isFinite(one) && one > 0);
  return degrees.length === 0 ? null : Math.max(...degrees);
}

function free(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function text(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return null;
  }
}

/** Null without ModemManager. */
function countModems(said: string | null): number | null {
  return said === null ? null : said.split('\n').filter((line) => line.includes('/Modem/')).length;
}
