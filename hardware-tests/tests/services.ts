/** The two daemons as services of the system: up, small, and with the rights that their units declare and no others. */
import { type HardwareTest, Skip } from '../suite.ts';

const daemons = ['tandem-media', 'tandem-control'] as const;
/** Issue 3: both daemons together, without GStreamer (which lives in the workers). */
const rssMbMax = 150;
const capNetRaw = 1n << 13n;

export const services: HardwareTest[] = [
  {
    name: 'both daemons are up after the boot, without a failed start',
    async run(box) {
      for (const unit of daemons) await box.until(`${unit} active`, 90_000, async () => (await box.property(unit, 'ActiveState')) === 'active');
      const restarts = await Promise.all(daemons.map((unit) => box.property(unit, 'NRestarts')));
      const since = await Promise.all(daemons.map((unit) => box.property(unit, 'ActiveEnterTimestampMonotonic')));
      const failed = await box.run('systemctl list-units --failed --no-legend --plain');
      if (restarts.some((count) => count !== '0')) throw new Error(`restarted since the boot: media ${restarts[0]}, control ${restarts[1]} times`);
      if (/tandem/.test(failed)) throw new Error(`failed units: ${failed}`);
      return `media ${(Number(since[0]) / 1e6).toFixed(1)} s and control ${(Number(since[1]) / 1e6).toFixed(1)} s after the kernel started`;
    },
  },
  {
    name: 'each daemon has a user of its own, the declared capabilities, and a read-only system',
    async run(box) {
      for (const unit of daemons) {
        const pid = await mainPid(box, unit);
        const status = await box.run(`cat /proc/${pid}/status`);
        const field = (name: string): string => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1]?.trim() ?? '';
        const user = await box.run(`stat -c %U /proc/${pid}`);
        if (user !== unit) throw new Error(`${unit} runs as ${user}`);
        const allowed = unit === 'tandem-media' ? capNetRaw : 0n;
        for (const set of ['CapEff', 'CapPrm', 'CapBnd', 'CapAmb'])
          if (BigInt(`0x${field(set)}`) !== allowed) throw new Error(`${unit}: ${set} is ${field(set)}, declared is ${allowed.toString(16)}`);
        if (field('NoNewPrivs') !== '1') throw new Error(`${unit} could gain privileges`);
        if (field('Seccomp') !== '2') throw new Error(`${unit} runs without a filter of system calls`);
        const touched = await box.try(`nsenter -t ${pid} -m sh -c 'touch /usr/tandem-test || touch /etc/tandem-test'`);
        if (touched.code === 0) throw new Error(`${unit} sees a system that can be written`);
      }
      return 'uid, capabilities, seccomp, mounts as declared';
    },
  },
  {
    name: 'the control daemon cannot open a camera',
    async run(box) {
      if ((await box.try('ls /dev/video0')).code !== 0) throw new Skip('there is no camera (/dev/video0)');
      const groups = await groupsOf(box, 'tandem-control');
      const camera = await box.run('stat -c %g /dev/video0');
      if (groups.includes(camera)) throw new Error('tandem-control is in the group of the camera');
      if (!(await groupsOf(box, 'tandem-media')).includes(camera)) throw new Error('tandem-media is not in the group of the camera');
      return `only tandem-media is in group ${camera}`;
    },
  },
  {
    name: 'only ssh, the page and configured listeners can be reached',
    async run(box) {
      const ran = await box.try('nft list table inet tandem');
      if (ran.code !== 0) throw new Error(`there is no firewall: ${ran.stderr.trim().slice(0, 200)}`);
      if (!/hook input[^;]*; policy drop;/.test(ran.stdout)) throw new Error('the firewall does not close what it does not open');
      const open = /set tcp_open \{[^}]*elements = \{([^}]*)\}/.exec(ran.stdout)?.[1]?.trim() ?? '';
      const { web } = (await box.config()).control;
      const ports = open.split(/,\s*/).map(Number);
      if (web.enabled && !ports.includes(web.port)) throw new Error(`the page's port ${web.port} is not open (open: ${open})`);
      return `tcp ${open}`;
    },
  },
];

/** When they have done all that they do: on air, with a broker. */
export const memory: HardwareTest[] = [
  {
    name: `the daemons together need at most ${rssMbMax} MB`,
    async run(box) {
      let residentMb = 0;
      let proportionalMb = 0;
      const each: string[] = [];
      for (const unit of daemons) {
        const rollup = await box.run(`cat /proc/${await mainPid(box, unit)}/smaps_rollup`);
        const megabytes = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1]) / 1024;
        residentMb += megabytes('Rss');
        proportionalMb += megabytes('Pss');
        each.push(`${unit} ${megabytes('Rss').toFixed(0)} MB`);
      }
      const text = `${each.join(', ')}: together ${residentMb.toFixed(0)} MB resident, ${proportionalMb.toFixed(0)} MB with shared pages counted once`;
      if (!(residentMb <= rssMbMax)) throw new Error(text);
      return text;
    },
  },
];

export async function mainPid(box: Parameters<HardwareTest['run']>[0], unit: string): Promise<string> {
  const pid = await box.property(unit, 'MainPID');
  if (pid === '0') throw new Error(`${unit} does not run`);
  return pid;
}

async function groupsOf(box: Parameters<HardwareTest['run']>[0], unit: string): Promise<string[]> {
  return (await box.run(`sed -n 's/^Groups:[[:space:]]*//p' /proc/${await mainPid(box, unit)}/status`)).split(/\s+/);
}
