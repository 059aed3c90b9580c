/** What people reach the box by: page, MQTT, lamps and button. */
import { setTimeout as delay } from 'node:timers/promises';
import mqtt from 'mqtt';
import type { JournaledEvent } from '../../src/model/box.ts';
import { boxStatusSchema, topicRoot } from '../../src/model/mqtt.ts';
import type { Box } from '../box.ts';
import { type HardwareTest, Skip } from '../suite.ts';

/** Longer than the debounce, shorter than a long press; and longer than a long one has to be. */
const shortPressMs = 200;
const longPressMs = 3000;

export const people: HardwareTest[] = [
  {
    name: 'the page answers, and shows nothing without a login',
    async run(box) {
      if (!(await box.config()).control.web.enabled) throw new Skip('the page is switched off in the configuration');
      const health = await box.api('/healthz', 'GET', false);
      if (health.code !== 200) throw new Error(`/healthz answers ${health.code}`);
      const stranger = await box.api('/api/status', 'GET', false);
      if (stranger.code !== 401) throw new Error(`/api/status answers ${stranger.code} to a stranger`);
      const friend = await box.api('/api/status');
      if (friend.code !== 200) throw new Error(`/api/status answers ${friend.code} with the token`);
      if (box.reach.page === null) return 'on the box itself';
      const outside = await fetch(new URL('/healthz', box.reach.page), { signal: AbortSignal.timeout(10_000) });
      if (outside.status !== 200) throw new Error(`from outside, /healthz answers ${outside.status}`);
      return 'on the box and from outside';
    },
  },
  {
    name: 'MQTT: the birth is retained, and telemetry comes',
    async run(box) {
      const config = await box.config();
      const { url } = config.control.mqtt;
      if (url === undefined) throw new Skip('no broker is configured (control.mqtt.url)');
      const client = mqtt.connect(box.reach.broker ?? url, { reconnectPeriod: 0, connectTimeout: 10_000, username: config.control.mqtt.user ?? '' });
      try {
        const root = topicRoot(config.control.mqtt.box ?? config.box.name);
        const seen = new Map<string, string>();
        let telemetry = 0;
        client.on('message', (topic, payload) => {
          seen.set(topic, payload.toString());
          if (topic === `${root}telemetry`) telemetry++;
        });
        await new Promise<void>((resolve, reject) => {
          client.once('connect', () => resolve());
          client.once('error', reject);
          client.once('close', () => reject(new Error('the broker cannot be reached from here')));
        });
        await client.subscribeAsync(`${root}#`);
        await box.until('three telemetry messages', 30_000, async () => telemetry >= 3);
        const status = boxStatusSchema.parse(JSON.parse(seen.get(`${root}status`) ?? 'null'));
        if (!status.online) throw new Error(`the box says that it is ${status.reason}`);
        return `online, slot ${status.slot ?? 'unknown'}, ${seen.size} topics`;
      } finally {
        client.end(true);
      }
    },
  },
  {
    name: 'the tally lamps follow the program',
    async run(box) {
      const { gpio } = (await box.config()).control;
      if (gpio.tallyOnAir === undefined || gpio.tallyOffAir === undefined) throw new Skip('no lamps are configured (control.gpio.tallyOnAir and tallyOffAir)');
      await needGpio(box);
      await box.needDestination();
      await box.untilOnAir(60_000);
      const lit = async (): Promise<string> => {
        const [on, off] = await Promise.all([level(box, gpio.tallyOnAir ?? ''), level(box, gpio.tallyOffAir ?? '')]);
        return `${on ? 'on' : ''}${off ? 'off' : ''}`;
      };
      try {
        await box.until('the lamp “on air”', 30_000, async () => (await lit()) === 'on');
        await box.command('stop');
        await box.until('the lamp “not on air” after a stop', 10_000, async () => (await lit()) === 'off');
      } finally {
        await box.command('start');
      }
      await box.until('the lamp “on air” after a start', 30_000, async () => (await lit()) === 'on');
      return 'on air, stopped, on air again';
    },
  },
  {
    name: 'a press of the button takes the box off air, another brings it back',
    async run(box) {
      const press = await button(box);
      await box.needDestination();
      await box.untilOnAir(60_000);
      await press(shortPressMs);
      await box.until('stopped after a press', 15_000, async () => (await box.status()).program.state === 'stopped');
      await press(shortPressMs);
      await box.untilOnAir(60_000);
      return 'stopped and started';
    },
  },
  {
    name: 'a long press of the button rehearses, it says how that went, and the program stays on air',
    async run(box) {
      const press = await button(box);
      await box.needDestination();
      await box.untilOnAir(60_000);
      const before = await ends(box);
      await press(longPressMs);
      const told = await box.until('the end of a rehearsal', 180_000, async () => (await ends(box)).slice(before.length).at(-1) ?? null);
      const { program } = await box.status();
      if (program.state !== 'on-air') throw new Error(`the program is ${program.state}: ${program.text}`);
      return told;
    },
  },
];

/** What the box has told of rehearsals that are over. */
async function ends(box: Box): Promise<string[]> {
  const { body } = await box.api('/api/events?limit=200');
  const events = JSON.parse(body) as Pick<JournaledEvent, 'what' | 'from' | 'text'>[];
  return events.filter(({ what, from }) => what === 'rehearsal.state' && from === 'running').map(({ text }) => text);
}

/** @returns presses the button for so long, ms. @throws Skip where there is none, or nothing that could press it. */
async function button(box: Box): Promise<(ms: number) => Promise<void>> {
  const { gpio } = (await box.config()).control;
  if (gpio.button === undefined) throw new Skip('no button is configured (control.gpio.button)');
  await needGpio(box);
  const { setLine } = box.reach.outside;
  if (setLine === undefined) throw new Skip('nothing here can press the button: press it yourself and watch the lamps');
  const line = Number(gpio.button.slice(gpio.button.lastIndexOf('/') + 1));
  return async (ms) => {
    await setLine(line, !gpio.buttonActiveLow);
    await delay(ms);
    await setLine(line, gpio.buttonActiveLow);
  };
}

/** @throws Skip where the kernel offers no lines. */
async function needGpio(box: Box): Promise<void> {
  if ((await box.try('ls -d /sys/class/gpio/gpiochip*')).code !== 0) throw new Skip('the kernel offers no GPIO (/sys/class/gpio)');
}

/** Level of a line, as the kernel reads it back. @param line as in the configuration: `17` or `chip/17`. */
async function level(box: Box, line: string): Promise<boolean> {
  const [chip, offset] = line.includes('/') ? [line.slice(0, line.lastIndexOf('/')), line.slice(line.lastIndexOf('/') + 1)] : [null, line];
  const script = `for c in /sys/class/gpio/gpiochip*; do
    if [ -z '${chip ?? ''}' ] || [ "$(cat $c/label)" = '${chip ?? ''}' ]; then cat /sys/class/gpio/gpio$(($(cat $c/base) + ${offset}))/value; exit; fi
  done; exit 1`;
  return (await box.run(script)) === '1';
}
