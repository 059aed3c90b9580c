/** Lamps and button on GPIO lines (onoff). Without GPIO it says so once, and the box goes on. */
import { Gpio } from 'onoff';
import { monoMs } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import { notice } from '../../model/event.ts';
import type { Box } from '../box.ts';
import type { CommandDesk } from '../commands.ts';
import { readChips, resolveLine } from './lines.ts';
import { orderOf } from './order.ts';
import { Press } from './press.ts';
import { type Lamp, tally } from './tally.ts';

const debounceMs = 10;

/** Returns the function that puts the lamps out and frees the lines. */
export function startPanel(box: Box, desk: CommandDesk, log: Logger): () => void {
  const config = box.config.control.gpio;
  const lamps: Record<Lamp, string | undefined> = { onAir: config.tallyOnAir, degraded: config.tallyDegraded, offAir: config.tallyOffAir };
  if (Object.values(lamps).every((line) => line === undefined) && config.button === undefined) return () => undefined;
  const opened: Gpio[] = [];
  const close = (): void => {
    for (const line of opened) {
      try {
        line.unexport();
      } catch {
        // The kernel frees it with the process.
      }
    }
  };
  try {
    const open = opener(opened);
    const outputs = (Object.keys(lamps) as Lamp[]).flatMap((lamp) => {
      const line = lamps[lamp];
      return line === undefined ? [] : [{ lamp, line: open(line, 'low', config.activeLow) }];
    });
    if (config.button !== undefined) watchButton(open(config.button, 'in', config.buttonActiveLow), box, desk, log);
    const stop = driveLamps(outputs, box, log);
    box.setLink('gpio', 'connected', 'connected', 'lamps and button work');
    return () => {
      stop();
      close();
    };
  } catch (error) {
    close();
    const text =
      error instanceof LineError
        ? error.message
        : `GPIO cannot be used (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}): check that the service may use /sys/class/gpio`;
    box.setLink('gpio', 'off', 'unsupported', text);
    box.report(
      notice({
        severity: 'warning',
        subject: { kind: 'gpio', id: 'panel' },
        what: 'gpio.state',
        to: 'off',
        reason: 'unsupported',
        text: `no lamps and no button: ${text}`,
      }),
    );
    return () => undefined;
  }
}

class LineError extends Error {}

function opener(opened: Gpio[]) {
  const chips = readChips('/');
  return (line: string, direction: 'in' | 'low', activeLow: boolean): Gpio => {
    const number = resolveLine(line, chips);
    if (typeof number === 'string') throw new LineError(number);
    const gpio =
      direction === 'in'
        ? new Gpio(number, 'in', 'both', { debounceTimeout: debounceMs, activeLow })
        : new Gpio(number, activeLow ? 'high' : 'low', 'none', { activeLow });
    opened.push(gpio);
    return gpio;
  };
}

function driveLamps(outputs: { lamp: Lamp; line: Gpio }[], box: Box, log: Logger): () => void {
  let lit: Lamp | null = null;
  let failed = false;
  const write = (lamp: Lamp | null): void => {
    for (const output of outputs)
      output.line.write(output.lamp === lamp ? Gpio.HIGH : Gpio.LOW).catch((error: NodeJS.ErrnoException) => {
        if (!failed) log.warn({ code: error.code }, 'a tally lamp cannot be switched');
        failed = true;
      });
  };
  const show = (): void => {
    const lamp = tally(box.snapshot());
    if (lamp === lit) return;
    lit = lamp;
    write(lamp);
  };
  show();
  const unsubscribe = box.subscribe(show);
  return () => {
    unsubscribe();
    for (const { line } of outputs) line.writeSync(Gpio.LOW);
  };
}

function watchButton(button: Gpio, box: Box, desk: CommandDesk, log: Logger): void {
  const press = new Press();
  button.watch((error, value) => {
    if (error) return void log.warn({ code: (error as NodeJS.ErrnoException).code }, 'the button cannot be read');
    const kind = press.edge(value === Gpio.HIGH, monoMs());
    if (kind === null) return;
    const wanted = orderOf(kind, box.status);
    void desk
      .run({ name: wanted, args: {}, from: 'button', correlation: null })
      .then((reply) => log.info({ command: wanted, ok: reply.ok }, `button: ${reply.text}`));
  });
}
