/** `tandem control`: management of the box. Whatever happens here, the stream does not notice. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { makeLogger } from '../log.ts';
import { MediaClient } from '../media-client/client.ts';
import { notice } from '../model/event.ts';
import { exitCode } from '../model/exit.ts';
import { untilSignal } from '../signals.ts';
import { ready, stopping } from '../systemd-notify.ts';
import { version } from '../version.ts';
import { Box } from './box.ts';
import { CommandDesk } from './commands.ts';
import { startPanel } from './gpio/panel.ts';
import { startHeart } from './heart.ts';
import { type Journal, openJournal } from './journal.ts';
import { MediaPresence } from './media-link.ts';
import { watchModems } from './modems/loop.ts';
import { MqttLink } from './mqtt/link.ts';
import { watchVitals } from './vitals/loop.ts';
import { WebServer } from './web/server.ts';

/** Fresh enough for a page and for telemetry; events come at once anyway. */
const statusEveryMs = 500;
/** A snapshot waits for a picture; everything else answers in milliseconds. */
const commandMsMax = 5000;

/** Runs until SIGTERM or SIGINT. */
export async function runControl(config: Config): Promise<number> {
  const log = makeLogger('control');
  const { stateDirectory, web } = config.control;
  const session = randomBytes(8).toString('hex');
  const diskTrouble: string[] = [];
  let box: Box | null = null;
  const journal = openJournal(join(stateDirectory, 'journal'), (code) => (box === null ? diskTrouble.push(code) : reportDisk(box, code)));
  box = new Box({ config, version, session, bootId: bootId(), journal, log });
  for (const code of diskTrouble) reportDisk(box, code);

  const presence = new MediaPresence(box);
  const media = new MediaClient({
    path: config.media.socket,
    statusEveryMs,
    eventsAfter: journal.lastOfMedia(),
    onStatus: (status) => box.takeStatus(status),
    onEvent: (event) => box.takeEvent(event),
    onState: (connected) => (connected ? presence.connected() : presence.lost()),
  });
  const desk = new CommandDesk((command, from) => media.command(command, from, commandMsMax));
  const mqtt = new MqttLink({ config, box, desk, slot: bootedSlot() });
  const server = web.enabled ? new WebServer({ box, desk, log, passwordFile: process.env.TANDEM_PAGE_PASSWORD_FILE }) : null;

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
  mqtt.start();
  await server?.start();
  const stops = [watchVitals(box, log), watchModems(box, log), startPanel(box, desk, log), startHeart(box, server, log)];

  ready();

  const signal = await signalled;
  stopping();
  log.info({ signal }, 'management stops');
  for (const stop of stops) stop();
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
  await Promise.all([mqtt.stop(), server?.stop()]);
  presence.stop();
  media.stop();
  await journal.close();
  return exitCode.ok;
}

function reportDisk(box: Box, code: string): void {
  const reason = code === 'ENOSPC' ? 'disk-full' : 'disk-error';
  const text = `events cannot be written to ${box.config.control.stateDirectory} (${code}): they are kept in memory until the next restart`;
  box.report(notice({ severity: 'warning', subject: { kind: 'box', id: 'journal' }, what: 'journal.disk', reason, text }));
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

/** RAUC and the boot loader name the slot on the kernel's command line. */
function bootedSlot(): string | null {
  try {
    return /(?:^|\s)rauc\.slot=(\S+)/.exec(readFileSync('/proc/cmdline', 'utf8'))?.[1] ?? null;
  } catch {
    return null;
  }
}
