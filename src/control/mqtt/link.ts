/**
 * The box's side of the MQTT contract (model/mqtt.ts, DESIGN.md section 13): finds a broker, keeps a connection to it, and tells when there is none.
 * What is said over a connection: service.ts.
 */
import { randomBytes } from 'node:crypto';
import { monoMs } from '../../clock.ts';
import type { Config } from '../../config/schema.ts';
import type { CommandReply } from '../../model/command.ts';
import { notice } from '../../model/event.ts';
import { type BoxStatus, topicRoot } from '../../model/mqtt.ts';
import type { Telemetry } from '../../model/telemetry.ts';
import type { Box } from '../box.ts';
import { type CommandDesk, refuse } from '../commands.ts';
import type { SettingsKeeper } from '../settings/keeper.ts';
import type { TelemetryStore } from '../telemetry-store.ts';
import { Allowance } from './allowance.ts';
import { Brokers } from './brokers.ts';
import { BrokerConnection } from './connection.ts';
import { type Explained, explainBroker, isOfTheWay, isVersionRefusal } from './explain.ts';
import { Preview, type PreviewWish } from './preview.ts';
import { reachesOverRoute } from './reach.ts';
import { RefusalTally } from './refusals.ts';
import { BrokerService } from './service.ts';
import { WayChoice } from './way-choice.ts';
import { routeDevice, waysOf, wayText } from './ways.ts';

const tickMs = 1000;
/** A connection that lasted this long proves that the broker works for us. */
const stableMs = 5000;
/** Between two ways to the same broker. */
const nextWayMs = 100;
/** A broker that hangs must not hold up the stop. */
const goodbyeMsMax = 1500;

export interface MqttLinkOptions {
  config: Config;
  box: Box;
  desk: CommandDesk;
  settings: SettingsKeeper;
  telemetry: TelemetryStore;
}

export class MqttLink {
  readonly #options: MqttLinkOptions;
  readonly #name: string;
  readonly #brokers: Brokers;
  readonly #ways: WayChoice;
  readonly #allowance: Allowance;
  readonly #refusals: RefusalTally;
  readonly #preview: Preview;
  readonly #timers: NodeJS.Timeout[] = [];
  #unsubscribe: (() => void) | null = null;
  #connection: BrokerConnection | null = null;
  #service: BrokerService | null = null;
  #session = '';
  /** The connection is given up for the first broker, or the system's own route, which is back. */
  #goingHome: 'broker' | 'route' | null = null;
  /** Why the way that was tried before did not do; null: none was. */
  #wayFailure: Explained | null = null;
  /** The path that was told to stand in for the system's own route. */
  #toldPath: string | null = null;
  #protocolVersion: 4 | 5 = 5;
  #failures = 0;
  #births = 0;
  #lastFailure = '';
  #stopping = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: MqttLinkOptions) {
    this.#options = options;
    const { box, config } = options;
    const { mqtt } = config.control;
    this.#name = mqtt.box ?? config.box.name;
    this.#brokers = new Brokers(mqtt.url === undefined ? [] : [mqtt.url, ...mqtt.fallbackUrls]);
    this.#ways = new WayChoice(() => waysOf(box.config.paths, box.mediaConnected ? (box.status?.paths ?? null) : null, routeDevice()));
    this.#allowance = new Allowance(mqtt.maxKbps, monoMs());
    this.#refusals = new RefusalTally((refused) => box.report(refused));
    this.#preview = new Preview({
      topic: `${topicRoot(this.#name)}preview`,
      takePicture: (input) => options.desk.run({ name: 'snapshot', args: input === null ? {} : { input }, from: 'preview', correlation: null }),
      inputOnAir: () => box.status?.program.input ?? '',
      hasRoom: (bytes) => this.#service?.hasRoomForPicture(bytes) ?? false,
      send: async (jpeg, input) => this.#service?.sendPicture(jpeg, input),
      onEnd: (one) => box.report(one),
    });
  }

  start(): void {
    const { box, settings } = this.#options;
    if (this.#brokers.count === 0) {
      box.setLink('mqtt', 'off', 'unsupported', 'no broker is configured (control.mqtt.url)');
      return;
    }
    const unsubscribes = [box.subscribe(() => this.#service?.publishStates()), settings.subscribe(() => this.#service?.publishReported())];
    this.#unsubscribe = () => {
      for (const unsubscribe of unsubscribes) unsubscribe();
    };
    this.#timers.push(setInterval(() => this.#tick(), tickMs));
    this.#connect();
  }

  /** Says `offline` where there is a connection. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#retry);
    for (const timer of this.#timers) clearInterval(timer);
    this.#unsubscribe?.();
    this.#preview.stop();
    const [connection, service] = [this.#connection, this.#service];
    service?.stop();
    if (connection === null) return;
    // Others may have seen our birth before its acknowledgement has come to us: they are owed a goodbye as well.
    if (service === null) {
      connection.abort(null);
      return;
    }
    await Promise.race([service.goodbye().catch(() => undefined), new Promise((resolve) => setTimeout(resolve, goodbyeMsMax).unref())]);
  }

  /** Whether it is on its way. A second that is not is told later, from the disk. */
  sendTelemetry(sample: Telemetry): boolean {
    return this.#service?.sendTelemetry(sample) ?? false;
  }

  /** Pictures on `preview`, for a while. */
  preview(wish: PreviewWish): CommandReply {
    if (this.#service?.open !== true) return refuse('broker-lost', `no picture can be sent: ${this.#options.box.links.mqtt.text}`);
    return this.#preview.ask(wish);
  }

  #connect(): void {
    const { config, box } = this.#options;
    const { url } = this.#brokers;
    this.#ways.begin();
    const { way } = this.#ways;
    this.#session = randomBytes(8).toString('hex');
    if (this.#failures === 0 && this.#wayFailure === null) box.setLink('mqtt', 'connecting', 'connecting', `connecting to the broker ${this.#brokers.where}`);
    const sinceMs = monoMs();
    try {
      this.#connection = new BrokerConnection(
        {
          config: { ...config.control.mqtt, url },
          box: this.#name,
          way,
          protocolVersion: this.#protocolVersion,
          will: this.#status(false, 'lost'),
          onMessage: (topic, payload, packet) => this.#service?.take(topic, payload, packet),
          onEnd: (error) => this.#ended(error, sinceMs),
        },
        (connection) => void this.#serve(connection),
      );
    } catch (error) {
      const { code, path } = error as NodeJS.ErrnoException;
      this.#failed({ reason: 'invalid', text: `control.mqtt: ${path ?? 'a file'} cannot be read (${code ?? 'not valid'})`, hopeless: true });
    }
  }

  async #serve(connection: BrokerConnection): Promise<void> {
    const service = new BrokerService(connection, {
      ...this.#options,
      allowance: this.#allowance,
      refusals: this.#refusals,
      name: this.#name,
      status: (online, reason) => this.#status(online, reason),
      onBirth: () => {
        this.#births++;
      },
    });
    this.#service = service;
    try {
      await service.begin(this.#births === 0 ? 'started' : 'reconnected');
    } catch (error) {
      connection.abort(error);
      return;
    }
    if (this.#connection !== connection || this.#stopping) return;
    this.#brokers.serves(monoMs());
    this.#ways.serves(monoMs());
    this.#tellConnected();
    this.#tellWay();
  }

  #tellConnected(): void {
    const { box } = this.#options;
    const from = box.links.mqtt.state;
    const { way } = this.#ways;
    const wasLost = this.#lastFailure !== '';
    this.#lastFailure = '';
    const text = `connected to the broker ${this.#brokers.where}${this.#protocolVersion === 4 ? ' (which speaks only MQTT 3.1.1)' : ''}${way.path === null ? '' : ` over ${wayText(way)}`}`;
    box.setLink('mqtt', 'connected', 'connected', text);
    const [severity, reason] = wasLost ? (['clear', 'recovered'] as const) : (['info', 'connected'] as const);
    box.report(notice({ severity, subject: { kind: 'mqtt', id: this.#brokers.where }, what: 'mqtt.state', from, to: 'connected', reason, text }));
  }

  /** That another network stands in for the system's own route, and that it does no more. */
  #tellWay(): void {
    const { path, metered } = this.#ways.way;
    const failure = this.#wayFailure;
    this.#wayFailure = null;
    const before = this.#toldPath;
    if (path === before) return;
    this.#toldPath = path;
    const subject = { kind: 'mqtt', id: 'way' } as const;
    const [from, to] = [before ?? 'route', path ?? 'route'];
    if (path === null) {
      const text = 'the broker is reached over the system’s own route again';
      this.#options.box.report(notice({ severity: 'clear', subject, what: 'mqtt.way', from, to, reason: 'preferred', text }));
      return;
    }
    const why = failure === null ? 'its network is known not to work' : failure.text;
    const text = `MQTT goes over ${wayText(this.#ways.way)} instead of ${before ?? 'the system’s own route'}: ${why}${metered ? '; its data is counted, and telemetry thins out' : ''}`;
    this.#options.box.report(notice({ severity: 'warning', subject, what: 'mqtt.way', from, to, reason: failure?.reason ?? 'path-silent', text }));
  }

  #ended(error: unknown, sinceMs: number): void {
    const wasServing = this.#service?.serving === true;
    this.#connection = null;
    this.#service?.stop();
    this.#service = null;
    if (this.#stopping) return;
    const home = this.#goingHome;
    if (home !== null) {
      this.#goingHome = null;
      this.#ways.end();
      if (home === 'broker') this.#brokers.first();
      this.#connect();
      return;
    }
    // MQTT 3.1.1 code 1, MQTT 5 code 0x84; a broker that knows only the old one may also just hang up on the new one.
    if (this.#protocolVersion === 5 && !wasServing && isVersionRefusal(error)) {
      this.#protocolVersion = 4;
      this.#connect();
      return;
    }
    if (wasServing && monoMs() - sinceMs > stableMs) this.#failures = 0;
    const explained = explainBroker(error, this.#brokers.where, { tls: /^(mqtts|wss):/.test(this.#brokers.url) });
    if (isOfTheWay(error) && this.#takeOtherWay(explained, wasServing)) return;
    this.#ways.end();
    this.#wayFailure = null;
    this.#failed(explained);
  }

  /** False: there is none that has not been tried. @param wasServing: a new round begins, since everything may have changed meanwhile. */
  #takeOtherWay(failure: Explained, wasServing: boolean): boolean {
    const { way } = this.#ways;
    if (wasServing) {
      this.#ways.end();
      if (!this.#ways.several) return false;
    } else if (!this.#ways.next()) return false;
    this.#wayFailure ??= failure;
    this.#options.box.setLink('mqtt', 'connecting', failure.reason, `${failure.text} over ${wayText(way)}: another way is tried`);
    this.#retry = setTimeout(() => this.#connect(), nextWayMs);
    return true;
  }

  #failed({ reason, text, hopeless }: Explained): void {
    this.#failures++;
    const { box } = this.#options;
    const old = box.links.mqtt.state;
    box.setLink('mqtt', 'waiting', reason, text);
    // Once for each new reason, not for each attempt.
    if (this.#lastFailure !== text)
      box.report(
        notice({ severity: 'warning', subject: { kind: 'mqtt', id: this.#brokers.where }, what: 'mqtt.state', from: old, to: 'waiting', reason, text }),
      );
    this.#lastFailure = text;
    const delayMs = this.#brokers.nextAfterMs(this.#failures, hopeless, Math.random());
    // After a while with the old protocol the broker may have been swapped or updated.
    if (this.#failures % 5 === 0) this.#protocolVersion = 5;
    this.#retry = setTimeout(() => this.#connect(), delayMs);
  }

  #tick(): void {
    this.#refusals.tick(monoMs());
    const service = this.#service;
    service?.tick();
    if (service?.serving !== true) return;
    this.#brokers.look(monoMs(), () => this.#goHome('broker'));
    const { url } = this.#brokers;
    const { proxy } = this.#options.config.control.mqtt;
    this.#ways.lookHome(
      monoMs(),
      () => reachesOverRoute(new URL(url), proxy),
      () => this.#goHome('route'),
    );
  }

  #goHome(to: 'broker' | 'route'): void {
    if (this.#stopping || this.#connection === null) return;
    this.#goingHome = to;
    this.#connection.leave();
  }

  #status(online: boolean, reason: BoxStatus['reason']): BoxStatus {
    const { bootId, version, update } = this.#options.box;
    return { online, reason, session: this.#session, bootId, version, slot: update.booted };
  }
}
