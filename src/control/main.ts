/** `tandem control`: management of the box. Whatever happens here, the stream does not notice. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { EffectiveConfig } from '../config/effective.ts';
import { type Logger, makeLogger } from '../log.ts';
import { MediaClient } from '../media-client/client.ts';
import type { AnyCommand, CommandReply } from '../model/command.ts';
import { notice } from '../model/event.ts';
import { exitCode } from '../model/exit.ts';
import { untilSignal } from '../signals.ts';
import { ready, stopping } from '../systemd-notify.ts';
import { version } from '../version.ts';
import { Box } from './box.ts';
import { commandNotice, performBoxCommand } from './box-commands.ts';
import { CommandDesk, isBoxCommand } from './commands.ts';
import { realDisk } from './disk.ts';
import { startHeart } from './heart.ts';
import { type DiskTrouble, type Journal, openJournal } from './journal.ts';
import { MediaPresence } from './media-link.ts';
import { telemetry } from './mqtt/state.ts';
import { Parts } from './parts.ts';
import { RehearsalStore, standStill } from './rehearsals.ts';
import { SettingsKeeper } from './settings/keeper.ts';
import { TelemetryStore } from './telemetry-store.ts';
import { Updater } from './updates/updater.ts';

/** Fresh enough for a page and for telemetry; events come at once anyway. */
const statusEveryMs = 500;
const telemetryEveryMs = 1000;
/** A snapshot waits for a picture; everything else answers in milliseconds. */
const commandMsMax = 5000;
/** RAUC's service is started by the question, which takes a second on a small board; a page that comes later is worse than a birth without a slot. */
const slotsReadMsMax = 2000;

/** Runs until SIGTERM or SIGINT. */
export async function runControl(config: EffectiveConfig): Promise<number> {
  const log = makeLogger('control');
  const { stateDirectory } = config.control;
  const session = randomBytes(8).toString('hex');
  const diskTroubles: DiskTrouble[] = [];
  let box: Box | null = null;
  const journal = openJournal(join(stateDirectory, 'journal'), (trouble) => (box === null ? diskTroubles.push(trouble) : reportDisk(box, trouble)));
  box = new Box({ config, version, session, bootId: bootId(), journal, slot: bootedSlot(), log });
  for (const trouble of diskTroubles) reportDisk(box, trouble);

  const presence = new MediaPresence(box);
  const rehearsals = new RehearsalStore(join(stateDirectory, 'rehearsals'), log);
  const media = new MediaClient({
    path: config.media.socket,
    statusEveryMs,
    // A journal without any: what media has told so far, also of before this daemon was first there.
    eventsAfter: journal.lastOfMedia() ?? { session: '', seq: 0 },
    onStatus: (status) => box.takeStatus(status),
    onEvent: (event) => box.takeEvent(event),
    onReport: (report) => rehearsals.keep(report),
    freeze: standStill,
    onState: (connected) => (connected ? presence.connected() : presence.lost()),
  });
  const settings: SettingsKeeper = new SettingsKeeper(config, { box, applyHere: (next) => parts.apply(next), reloadMedia: () => media.reload() });
  const updater = new Updater(box);
  const desk = new CommandDesk((command, from) => {
    if (isBoxCommand(command)) return performBoxCommand({ box, settings, log, updater, mqtt: () => parts.mqtt, webhooks: () => parts.webhooks }, command, from);
    if (command.name === 'set-log-level' && command.daemon === 'control') return setLogLevel(box, log, command, from);
    return media.command(command, from, commandMsMax);
  });
  const store = new TelemetryStore(join(stateDirectory, 'journal'), realDisk);
  const parts = new Parts({ box, desk, settings, log, telemetry: store, rehearsals });

  const signalled = untilSignal();
  const crashed = endedWithoutWord(journal, box.bootId);
  box.report(
    notice({
      severity: 'info',
      subject: { kind: 'control', id: 'control' },
      what: 'control.state',
      to: 'running',
      reason: crashed ? 'restarted' : 'started',
      text: crashed
        ? `management is back after it was killed or crashed (Tandem ${version}); the stream does not depend on it`
        : `management has started (Tandem ${version})`,
    }),
  );
  media.start();
  const slotsRead = updater.start();
  // The birth over MQTT names the slot: where the kernel does not know it, RAUC may.
  if (box.update.booted === null) await Promise.race([slotsRead, wait(slotsReadMsMax, undefined, { ref: false })]);
  await parts.start();
  settings.start();
  const seconds = setInterval(() => {
    const sample = telemetry(box.snapshot(), box.history.latest(), box.wall());
    store.record(sample, parts.mqtt?.sendTelemetry(sample) ?? false);
  }, telemetryEveryMs);
  const stopHeart = startHeart(box, async () => (await parts.server?.answers()) ?? true, log);

  ready();

  const signal = await signalled;
  stopping();
  log.info({ signal }, 'management stops');
  clearInterval(seconds);
  stopHeart();
  settings.stop();
  updater.stop();
  box.report(
    notice({
      severity: 'info',
      subject: { kind: 'control', id: 'control' },
      what: 'control.state',
      from: 'running',
      to: 'stopped',
      reason: 'stopped',
      text: 'management stops on request; the stream goes on',
    }),
  );
  await parts.stop();
  presence.stop();
  media.stop();
  await Promise.all([journal.close(), store.close(), rehearsals.settled()]);
  return exitCode.ok;
}

async function setLogLevel(box: Box, log: Logger, command: AnyCommand & { name: 'set-log-level' }, from: string): Promise<CommandReply> {
  log.level = command.level;
  const reply: CommandReply = { ok: true, reason: 'requested', text: `the control daemon logs from ${command.level} up` };
  box.report(commandNotice(command.name, reply, from));
  return reply;
}

function reportDisk(box: Box, trouble: DiskTrouble): void {
  const { stateDirectory } = box.config.control;
  const subject = { kind: 'box', id: 'journal' } as const;
  if (trouble === null) {
    const text = `events are written to ${stateDirectory} again, those that had to wait as well`;
    return box.report(notice({ severity: 'clear', subject, what: 'journal.disk', to: 'well', reason: 'recovered', text }));
  }
  const reason = trouble === 'ENOSPC' || trouble === 'EDQUOT' ? 'disk-full' : trouble === 'slow' ? 'disk-slow' : 'disk-error';
  const text =
    trouble === 'slow'
      ? `the disk of ${stateDirectory} takes more than a second to write: events leave the box before they are safe; the card may be dying`
      : `events cannot be written to ${stateDirectory} (${trouble}): they are kept in memory until they can`;
  box.report(notice({ severity: 'warning', subject, what: 'journal.disk', to: trouble, reason, text }));
}

/** The run before this one, since the system booted, was killed or crashed: it never said that it stops. */
function endedWithoutWord(journal: Journal, boot: string): boolean {
  const last = journal.recent(Number.MAX_SAFE_INTEGER).findLast(({ what }) => what === 'control.state');
  return last?.bootId === boot && last.to === 'running';
}

/** The kernel's boot id; without it (a strange container) one of this run. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return randomBytes(16).toString('hex');
  }
}

/** As the boot loader told the kernel; not every one does. RAUC also knows it by `root=` (its src/context.c), and is believed where it answers. */
function bootedSlot(): string | null {
  try {
    return /(?:^|\s)rauc\.slot=(\S+)/.exec(readFileSync('/proc/cmdline', 'utf8'))?.[1] ?? null;
  } catch {
    return null;
  }
}
