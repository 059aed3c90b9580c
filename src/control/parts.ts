/** The parts of the control daemon that live by the configuration: each is started with it, and started anew when its own section changes. */
import type { Config } from '../config/schema.ts';
import type { Logger } from '../log.ts';
import type { Box } from './box.ts';
import type { CommandDesk } from './commands.ts';
import { startPanel } from './gpio/panel.ts';
import { watchModems } from './modems/loop.ts';
import { MqttLink } from './mqtt/link.ts';
import type { RehearsalStore } from './rehearsals.ts';
import type { SettingsKeeper } from './settings/keeper.ts';
import type { TelemetryStore } from './telemetry-store.ts';
import { watchVitals } from './vitals/loop.ts';
import type { WebServer } from './web/server.ts';
import type { Webhook } from './webhooks/webhook.ts';

export interface PartsOptions {
  box: Box;
  desk: CommandDesk;
  settings: SettingsKeeper;
  log: Logger;
  telemetry: TelemetryStore;
  rehearsals: RehearsalStore;
}

interface Part {
  /** What it is made from. */
  section(config: Config): unknown;
  start(config: Config): Promise<() => void | Promise<void>>;
}

export class Parts {
  server: WebServer | null = null;
  mqtt: MqttLink | null = null;
  readonly webhooks = new Map<string, Webhook>();
  readonly #options: PartsOptions;
  readonly #parts: Part[];
  readonly #stops: (() => void | Promise<void>)[] = [];

  constructor(options: PartsOptions) {
    this.#options = options;
    const { box, desk, settings, log, telemetry } = options;
    this.#parts = [
      {
        section: ({ control, box: { name } }) => [control.mqtt, name],
        start: async (config) => {
          const link = new MqttLink({ config, box, desk, settings, telemetry });
          this.mqtt = link;
          link.start();
          return () => link.stop();
        },
      },
      { section: ({ control, box: { name } }) => [control.web, name], start: (config) => this.#startWeb(config) },
      { section: ({ control }) => control.webhooks, start: (config) => this.#startWebhooks(config) },
      { section: ({ control }) => control.vitals, start: async () => watchVitals(box, log) },
      { section: ({ control }) => control.modems, start: async () => watchModems(box, log) },
      { section: ({ control }) => control.gpio, start: async () => startPanel(box, desk, log) },
    ];
  }

  async start(): Promise<void> {
    for (const part of this.#parts) this.#stops.push(await part.start(this.#options.box.config));
  }

  /** Puts another configuration in force. */
  async apply(config: Config): Promise<void> {
    const { box } = this.#options;
    const before = box.config;
    box.config = config;
    for (const [index, part] of this.#parts.entries()) {
      if (JSON.stringify(part.section(before)) === JSON.stringify(part.section(config))) continue;
      await this.#stops[index]?.();
      this.#stops[index] = await part.start(config);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#stops.map((stop) => stop()));
  }

  async #startWeb(config: Config): Promise<() => void | Promise<void>> {
    if (!config.control.web.enabled) return () => undefined;
    const { WebServer } = await import('./web/server.ts');
    const { box, desk, settings, log, rehearsals } = this.#options;
    const server = new WebServer({ box, desk, settings, rehearsals, log, passwordFile: process.env.TANDEM_PAGE_PASSWORD_FILE });
    this.server = server;
    await server.start();
    return () => {
      this.server = null;
      return server.stop();
    };
  }

  async #startWebhooks(config: Config): Promise<() => void> {
    if (config.control.webhooks.length > 0) {
      const { Webhook } = await import('./webhooks/webhook.ts');
      for (const one of config.control.webhooks) this.webhooks.set(one.id, new Webhook(this.#options.box, one));
    }
    return () => {
      for (const webhook of this.webhooks.values()) webhook.stop();
      this.webhooks.clear();
    };
  }
}
