/**
 * What both daemons hold in memory and cost in processor time, run as a box runs them: from the bundle's tree, with its flags, on air
 * over one path to a gateway, with a broker. `npm run bench -- memory [--seconds 60] [--pages 0]`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import type { ConfigInput } from '../src/config/schema.ts';
import { freeTcpPort } from '../src/demo/free-port.ts';
import { architectures, isNative } from '../src/image/architecture.ts';
import { daemonEnvironment, daemonFlags, home, layTree } from '../src/image/bundle.ts';
import { buildModules } from '../src/image/modules.ts';
import { checkout, workFolder } from '../src/image/package.ts';
import { fetchRuntime, runtimePin } from '../src/image/runtime.ts';
import { Workshop } from '../src/image/tools.ts';
import { setUpDesk } from '../src/image/virtual-box/desk.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, pages: { type: 'string', default: '0' } } });
const architecture = Object.values(architectures).find(isNative);
if (architecture === undefined) throw new Error(`boxes have no ${process.arch} processor`);
const directory = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
const shop = new Workshop(join(directory, 'workshop.log'));
const children: ChildProcess[] = [];
const desk = await setUpDesk(checkout, directory);
try {
  const runtime = await fetchRuntime(shop, runtimePin(readFileSync(join(checkout, 'tandem'), 'utf8')), architecture, workFolder);
  const modules = await shop.step('node modules', () =>
    buildModules(shop, { root: checkout, architecture, runtime, sysroot: null, folder: join(directory, 'modules') }),
  );
  const tree = join(directory, 'tree');
  layTree({ root: checkout, runtime, modules, folder: tree });
  const webPort = await freeTcpPort();
  const configuration: ConfigInput = {
    version: 1,
    inputs: [{ id: 'cam1', kind: 'test' }],
    program: { width: 640, height: 360, fps: 25, videoKbps: 1500 },
    paths: [{ id: 'lo', interface: 'lo' }],
    destinations: [{ id: 'desk', host: '127.0.0.1', port: desk.gatewayPort }],
    media: { socket: join(directory, 'media.sock') },
    control: {
      stateDirectory: join(directory, 'state'),
      web: { host: '127.0.0.1', port: webPort },
      mqtt: { url: `mqtt://127.0.0.1:${desk.brokerPort}` },
    },
  };
  const file = join(directory, 'box.yaml');
  writeFileSync(file, stringify(configuration));
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  for (const name of ['media', 'control'] as const) {
    const args = [...daemonFlags[name].split(' '), join(tree, home, 'src/daemon.js'), name, '--config', file];
    children.push(spawn(join(tree, home, 'bin/node'), args, { stdio: 'ignore', env: { ...env, ...daemonEnvironment } }));
  }
  await delay(15_000);
  const token = readFileSync(join(directory, 'state/api-token'), 'utf8').trim();
  const pages = Array.from({ length: Number(values.pages) }, () =>
    fetch(`http://127.0.0.1:${webPort}/api/stream`, { headers: { authorization: `Bearer ${token}` } }).then(drain),
  );
  void Promise.allSettled(pages);
  const before = children.map(({ pid }) => cpuMs(pid));
  await delay(Number(values.seconds) * 1000);
  const status = (await (await fetch(`http://127.0.0.1:${webPort}/api/status`, { headers: { authorization: `Bearer ${token}` } })).json()) as {
    onAir: boolean;
    mqtt: { state: string };
  };
  console.log(`${status.onAir ? 'on air' : 'NOT ON AIR'}, broker ${status.mqtt.state}, ${pages.length} pages, Node ${process.version} ${process.arch}`);
  console.log('daemon  | resident MB | proportional MB | private MB | CPU ms a minute');
  const sums = [0, 0, 0];
  for (const [index, name] of ['media', 'control'].entries()) {
    const pid = children[index]?.pid;
    const figures = [megabytes(pid, 'Rss'), megabytes(pid, 'Pss'), megabytes(pid, 'Private_Clean') + megabytes(pid, 'Private_Dirty')];
    for (const [column, figure] of figures.entries()) sums[column] = (sums[column] ?? 0) + figure;
    const cpu = ((cpuMs(pid) - (before[index] ?? 0)) * 60) / Number(values.seconds);
    console.log(row(name, figures, cpu.toFixed(0)));
  }
  console.log(row('both', sums, ''));
} finally {
  for (const child of children) child.kill('SIGTERM');
  await Promise.all(children.map((child) => child.exitCode ?? new Promise((resolve) => child.once('exit', resolve))));
  await desk.stop();
  await shop.close();
  rmSync(directory, { recursive: true, force: true });
}

function row(name: string, [resident = 0, proportional = 0, own = 0]: number[], cpu: string): string {
  return [name.padEnd(7), resident.toFixed(1).padStart(11), proportional.toFixed(1).padStart(15), own.toFixed(1).padStart(10), cpu.padStart(15)].join(' | ');
}

function megabytes(pid: number | undefined, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) / 1024;
}

/** User and system time, ms; USER_HZ is 100 on every Linux that Node runs on. */
function cpuMs(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function drain(response: Response): Promise<void> {
  for await (const _ of response.body ?? []);
}
