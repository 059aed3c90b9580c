/** What breaks in the field: a process, the clock, the power, the whole system. */
import { setTimeout as delay } from 'node:timers/promises';
import { monoMs } from '../../src/clock.ts';
import type { Box } from '../box.ts';
import { type HardwareTest, Skip } from '../suite.ts';
import { mainPid } from './services.ts';

/** A hung board: the watchdog's 15 s, firmware, kernel, and starting again; a virtual box is slow at all of them. */
const rebootMsMax = 240_000;

export const faults: HardwareTest[] = [
  {
    name: 'the control daemon killed: the stream does not notice, and the page is back',
    async run(box) {
      await box.needDestination();
      const before = await box.untilOnAir(60_000);
      await box.run(`kill -9 ${await mainPid(box, 'tandem-control')}`);
      await box.until('control up again', 60_000, async () => (await box.property('tandem-control', 'ActiveState')) === 'active');
      const after = await box.status();
      if (after.pid !== before.pid || after.session !== before.session) throw new Error('the media daemon was restarted too');
      if (after.program.packets <= before.program.packets) throw new Error('the stream stood still');
      return `media untouched, ${after.program.packets - before.program.packets} packets meanwhile`;
    },
  },
  {
    name: 'a media daemon that hangs is killed by its watchdog and is on air again',
    async run(box) {
      await box.needDestination();
      const before = await box.untilOnAir(60_000);
      await box.run(`kill -STOP ${await mainPid(box, 'tandem-media')}`);
      const startedMs = monoMs();
      await box.until('another media daemon', 90_000, async () => {
        const status = await box.status().catch(() => null);
        return status !== null && status.pid !== before.pid ? status : null;
      });
      await box.untilOnAir(60_000);
      const result = await box.run("journalctl -b -u tandem-media --no-pager | grep -ci 'watchdog timeout' || true");
      if (Number(result) < 1) throw new Error('it was restarted, but not by its watchdog');
      return `on air again after ${((monoMs() - startedMs) / 1000).toFixed(0)} s`;
    },
  },
  {
    name: 'the clock jumps by a day, and back: the stream does not notice',
    async run(box) {
      await box.needDestination();
      const before = await box.untilOnAir(60_000);
      const offset = Number(await box.run('date +%s')) - Math.round(Date.now() / 1000);
      try {
        await box.run('systemctl stop systemd-timesyncd.service 2>/dev/null; date -s "+1 day" >/dev/null');
        await delay(5000);
        const during = await box.status();
        if (during.pid !== before.pid) throw new Error('the media daemon was restarted');
        if (during.program.packets <= before.program.packets) throw new Error('the stream stood still');
        if (during.program.state !== before.program.state) throw new Error(`the program went from ${before.program.state} to ${during.program.state}`);
      } finally {
        await box.run(`date -s @${Math.round(Date.now() / 1000) + offset} >/dev/null; systemctl start systemd-timesyncd.service 2>/dev/null || true`);
      }
      await delay(3000);
      const after = await box.status();
      if (after.pid !== before.pid || after.program.state !== before.program.state) throw new Error('the jump back was noticed');
      const controlRestarts = await box.property('tandem-control', 'ActiveState');
      if (controlRestarts !== 'active') throw new Error(`control is ${controlRestarts}`);
      return 'same process, same state';
    },
  },
  {
    name: 'the power fails while the box writes: it is on air again and has lost no event that it had written',
    disruptive: true,
    async run(box) {
      const { cutPower } = box.reach.outside;
      if (cutPower === undefined) throw new Skip('nothing here can cut the power of this box: pull its plug and run the tests again');
      await box.needDestination();
      const bootId = await box.bootId();
      // Events are made of starts and stops; a second later they must be on the disk.
      await box.command('stop');
      await box.command('start');
      const last = await lastEvent(box);
      await delay(3000);
      const { stateDirectory } = (await box.config()).control;
      await box.run(
        `systemd-run --collect --quiet sh -c 'while :; do dd if=/dev/urandom of=${stateDirectory}/power-cut-test bs=64k count=16 conv=fsync; done'`,
      );
      await delay(1000);
      await cutPower();
      const bootMs = await box.untilBooted(bootId, rebootMsMax);
      await box.until('control up', 120_000, async () => (await box.property('tandem-control', 'ActiveState').catch(() => '')) === 'active');
      const status = await box.untilOnAir(120_000);
      await box.run(`rm -f ${stateDirectory}/power-cut-test`);
      const now = await box.until('events', 30_000, () => lastEvent(box).catch(() => null));
      if (now < last) throw new Error(`the last event had number ${last}, now it is ${now}`);
      return `reachable ${(bootMs / 1000).toFixed(0)} s after the cut, on air ${(status.program.sinceMonoMs / 1000).toFixed(0)} s after the kernel started, events up to ${last} kept`;
    },
  },
  {
    name: 'a system that hangs is started again by the hardware watchdog',
    disruptive: true,
    async run(box) {
      const state = await box.try('cat /sys/class/watchdog/watchdog0/state /sys/class/watchdog/watchdog0/identity');
      if (state.code !== 0) throw new Skip('the kernel has no hardware watchdog (/sys/class/watchdog/watchdog0)');
      const armed = await box.run('systemctl show --value -p RuntimeWatchdogUSec');
      if (!state.stdout.startsWith('active') || /^(0|infinity)?$/.test(armed))
        throw new Error(`the hardware watchdog is not armed (${state.stdout.trim()}, systemd: ${armed})`);
      const bootId = await box.bootId();
      // The kernel stops dead (kernel.panic=0: it does not start anew by itself), and nothing feeds the watchdog any more.
      await box.run("systemd-run --collect --quiet sh -c 'sync; sleep 1; echo 0 >/proc/sys/kernel/panic; echo c >/proc/sysrq-trigger'");
      const bootMs = await box.untilBooted(bootId, rebootMsMax);
      await box.until('control up', 120_000, async () => (await box.property('tandem-control', 'ActiveState').catch(() => '')) === 'active');
      return `${state.stdout.trim().split('\n').at(-1)}, ${armed}: reachable again ${(bootMs / 1000).toFixed(0)} s after the hang`;
    },
  },
];

async function lastEvent(box: Box): Promise<number> {
  const { code, body } = await box.api('/api/events');
  if (code !== 200) throw new Error(`/api/events answers ${code}`);
  const ids = [...body.matchAll(/"id":(\d+)/g)].map(([, id]) => Number(id));
  if (ids.length === 0) throw new Error('there are no events');
  return Math.max(...ids);
}
