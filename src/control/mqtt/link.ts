/**
 * The box's side of the MQTT contract (model/mqtt.ts, DESIGN.md section 13): keeps a connection to the broker, says what
 * is, takes commands. Everything retained is published again at every connect; nothing is queued in memory.
 */
import { randomBytes } from 'node:crypto';
import type { IPublishPacket } from 'mqtt';
import { monoMs } from '../../clock.ts';
import type { Config } from '../../config/schema.ts';
import type { CommandReply } from '../../model/command.ts';
import { notice } from '../../model/event.ts';
import { type BoxStatus, type Reply, topicRoot } from '../../model/mqtt.ts';
import type { Telemetry } from '../../model/telemetry.ts';
import type { Box } from '../box.ts';
import type { CommandDesk } from '../commands.ts';
import type { SettingsKeeper } from '../settings/keeper.ts';
import type { TelemetryStore } from '../telemetry-store.ts';
import { Allowance, telemetryEveryMs } from './allowance.ts';
import { Brokers } from './brokers.ts';
import { BrokerConnection } from './connection.ts';
import { takeDesired } from './desired.ts';
import { type Explained, explainBroker, isVersionRefusal } from './explain.ts';
import { homeAssistantConfig, homeAssistantTopic } from './home-assistant.ts';
import { sendMissed } from './missed.ts';
import { EventPump } from './pump.ts';
import { RefusalTally } from './refusals.ts';
import { ReportedPublisher } from './reported.ts';
import { type Request, readRequest } from './request.ts';
import { StatePublisher } from './state-publisher.ts';

const tickMs = 1000;
/** Header, properties, TCP and IP of a message, about. */
const packetBytes = 120;
/** A connection that lasted this long proves that the broker works for us. */
const stableMs = 5000;
/** Somebody who keeps writing to our status gets an answer at most this often. */
const rebirthEveryMs = 1000;
/** Replies under way. Commands of QoS 1 wait until there is room; a flood without acknowledgements is answered with silence, since answers would only feed it. */
const repliesMax = 500;

export interface MqttLinkOptions {
  config: Config;
  box: Box;
  desk: CommandDesk;
  settings: SettingsKeeper;
  telemetry: TelemetryStore;
  /** The system slot that booted, or null. */
  slot: string | null;
}

export class MqttLink {
  readonly #options: MqttLinkOptions;
  readonly #name: string;
  readonly #root: string;
  readonly #brokers: Brokers;
  readonly #allowance: Allowance;
  /** The connection is given up for the first broker, which is back. */
  #goingHome = false;
  #telemetryMs = Number.NEGATIVE_INFINITY;
  readonly #refusals: RefusalTally;
  readonly #timers: NodeJS.Timeout[] = [];
  #connection: BrokerConnection | null = null;
  #session = '';
  #serving = false;
  #pump: EventPump | null = null;
  #states: StatePublisher | null = null;
  #reported: ReportedPublisher | null = null;
  #unsubscribe: (() => void) | null = null;
  #protocolVersion: 4 | 5 = 5;
  #failures = 0;
  #births = 0;
  #lastFailure = '';
  /** The last status that the broker showed us is not that of a live box. */
  #overwritten = false;
  #rebornMs = Number.NEGATIVE_INFINITY;
  #replies = 0;
  #stopping = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: MqttLinkOptions) {
    this.#options = options;
    const { mqtt, vitals: _ } = options.config.control;
    this.#name = mqtt.box ?? options.config.box.name;
    this.#root = topicRoot(this.#name);
    this.#brokers = new Brokers(mqtt.url === undefined ? [] : [mqtt.url, ...mqtt.fallbackUrls]);
    this.#allowance = new Allowance(mqtt.maxKbps, monoMs());
    this.#refusals = new RefusalTally((refused) => options.box.report(refused));
  }

  start(): void {
    const { box, settings } = this.#options;
    if (this.#brokers.count === 0) {
      box.setLink('mqtt', 'off', 'unsupported', 'no broker is configured (control.mqtt.url)');
      return;
    }
    const unsubscribes = [box.subscribe(() => this.#publishStates()), settings.subscribe(() => this.#publishReported())];
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
    this.#pump?.stop();
    const connection = this.#connection;
    if (connection === null) return;
    if (!this.#serving) {
      connection.abort(null);
      return;
    }
    const goodbye = async (): Promise<void> => {
      await this.#publish(connection, 'status', this.#status(false, 'offline'), { qos: 1, retain: true });
      await connection.goodbye();
    };
    // A broker that hangs must not hold up the stop.
    await Promise.race([goodbye().catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 1500).unref())]);
  }

  #connect(): void {
    const { config, box } = this.#options;
    const { url } = this.#brokers;
    this.#session = randomBytes(8).toString('hex');
    this.#overwritten = false;
    if (this.#failures === 0) box.setLink('mqtt', 'connecting', 'connecting', `connecting to the broker ${this.#brokers.where}`);
    const sinceMs = monoMs();
    try {
      this.#connection = new BrokerConnection(
        {
          config: { ...config.control.mqtt, url },
          box: this.#name,
          protocolVersion: this.#protocolVersion,
          will: this.#status(false, 'lost'),
          onMessage: (topic, payload, packet) => this.#take(topic, payload, packet),
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
    try {
      await connection.subscribe(`${this.#root}cmd/+`);
      await connection.subscribe(`${this.#root}config/desired`);
      // Only to notice a late will (see #checkStatus): a broker that forbids it is no reason to stay away.
      await connection.subscribe(`${this.#root}status`).catch(() => undefined);
      await this.#birth(connection);
    } catch (error) {
      connection.abort(error);
      return;
    }
    if (this.#connection !== connection || this.#stopping) return;
    this.#serving = true;
    this.#states = new StatePublisher({
      box: this.#options.box,
      publish: (part, payload) => this.#publish(connection, `state/${part}`, payload, { qos: 1, retain: true }),
      hasRoom: (nowMs) => this.#allowance.has(0.25, nowMs),
      onRefused: (error) => {
        if (connection === this.#connection) connection.abort(error);
      },
    });
    this.#reported = new ReportedPublisher(this.#options.settings, (reported) =>
      this.#publish(connection, 'config/reported', reported, { qos: 1, retain: true }),
    );
    this.#publishStates();
    this.#publishReported();
    this.#publishDiscovery(connection);
    const { telemetry: store } = this.#options;
    void sendMissed(store, this.#options.box.journal, {
      isOver: () => this.#connection !== connection || this.#stopping,
      hasRoom: () => this.#allowance.has(0.5, monoMs()),
      send: (missed) => this.#publish(connection, 'telemetry/missed', missed, { qos: 1, retain: false }),
    });
    this.#brokers.serves(monoMs());
    this.#pump = new EventPump({
      journal: this.#options.box.journal,
      consumer: 'mqtt',
      send: (event) => this.#publish(connection, 'event', event, { qos: 1, retain: false }),
      hasRoom: () => this.#allowance.has(0, monoMs()),
      onRefused: (error) => connection.abort(error),
    });
    const { box } = this.#options;
    const old = box.links.mqtt;
    const wasLost = this.#lastFailure !== '';
    this.#lastFailure = '';
    const text = `connected to the broker ${this.#brokers.where}${this.#protocolVersion === 4 ? ' (which speaks only MQTT 3.1.1)' : ''}`;
    box.setLink('mqtt', 'connected', 'connected', text);
    box.report(
      notice({
        severity: wasLost ? 'clear' : 'info',
        subject: { kind: 'mqtt', id: this.#brokers.where },
        what: 'mqtt.state',
        from: old.state,
        to: 'connected',
        reason: wasLost ? 'recovered' : 'connected',
        text,
      }),
    );
  }

  async #birth(connection: BrokerConnection): Promise<void> {
    await this.#publish(connection, 'status', this.#status(true, this.#births === 0 ? 'started' : 'reconnected'), { qos: 1, retain: true });
    this.#births++;
  }

  #ended(error: unknown, sinceMs: number): void {
    const wasServing = this.#serving;
    this.#connection = null;
    this.#serving = false;
    this.#pump?.stop();
    this.#pump = null;
    if (this.#stopping) return;
    if (this.#goingHome) {
      this.#goingHome = false;
      this.#brokers.first();
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
    this.#failed(explainBroker(error, this.#brokers.where, { tls: /^(mqtts|wss):/.test(this.#brokers.url) }));
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

  #publishStates(): void {
    if (this.#serving) this.#states?.turn();
  }

  #tick(): void {
    this.#refusals.tick(monoMs());
    this.#standUp();
    this.#publishStates();
    const connection = this.#connection;
    if (connection === null || !this.#serving) return;
    this.#brokers.look(monoMs(), () => {
      if (this.#stopping || this.#connection === null) return;
      this.#goingHome = true;
      this.#connection.abort(null);
    });
  }

  /** Whether it is on its way. A second that is not is told later, from the disk. */
  sendTelemetry(sample: Telemetry): boolean {
    const connection = this.#connection;
    if (connection === null || !this.#serving || this.#stopping) return false;
    const nowMs = monoMs();
    // A little early is on time: the timer jitters.
    const isDue = nowMs - this.#telemetryMs >= telemetryEveryMs(this.#options.box.snapshot(), connection.backlogBytes) - 100;
    if (!isDue || !this.#allowance.has(0.5, nowMs)) return false;
    this.#telemetryMs = nowMs;
    this.#publish(connection, 'telemetry', sample, { qos: 0, retain: false }).catch(() => undefined);
    return true;
  }

  /** Resolves when it is answered. */
  #take(topic: string, payload: Buffer, packet: IPublishPacket): Promise<void> | undefined {
    const connection = this.#connection;
    if (connection === null || this.#stopping) return;
    if (topic === `${this.#root}status`) return void this.#checkStatus(payload);
    if (topic === `${this.#root}config/desired`) return this.#takeDesired(connection, payload);
    const properties = packet.properties ?? {};
    const request = readRequest(
      {
        name: topic.slice(`${this.#root}cmd/`.length),
        payload,
        retained: packet.retain,
        responseTopic: properties.responseTopic ?? null,
        correlationData: properties.correlationData ?? null,
        expirySeconds: properties.messageExpiryInterval ?? null,
      },
      this.#root,
      this.#options.box.wall(),
    );
    if (request.refusal !== null) {
      this.#refusals.add(request.refusal, monoMs());
      return this.#reply(connection, request, request.refusal);
    }
    const from = request.by === null ? 'mqtt' : `mqtt:${request.by}`;
    return this.#options.desk
      .run({ name: request.name, args: request.args ?? {}, from, correlation: request.correlation })
      .then((reply) => this.#reply(connection, request, reply));
  }

  /** A last will of an earlier connection may arrive late and stand over the birth, even while that is being published: say again that we live. */
  #checkStatus(payload: Buffer): void {
    try {
      this.#overwritten = (JSON.parse(payload.toString('utf8')) as BoxStatus | null)?.online !== true;
    } catch {
      this.#overwritten = true;
    }
    this.#standUp();
  }

  /** Our own birth comes back to us and ends it. Tried again each second: what stood in the way once must not leave a live box lost for ever. */
  #standUp(): void {
    const connection = this.#connection;
    if (!this.#overwritten || connection === null || !this.#serving || this.#stopping || monoMs() - this.#rebornMs < rebirthEveryMs) return;
    this.#rebornMs = monoMs();
    this.#birth(connection).catch(() => undefined);
  }

  #reply(connection: BrokerConnection, request: Pick<Request, 'replyTo' | 'correlationData' | 'correlation' | 'name'>, reply: CommandReply): Promise<void> {
    if (this.#replies >= repliesMax) return Promise.resolve();
    this.#replies++;
    const payload: Reply = { ...reply, command: request.name, correlation: request.correlation };
    return (
      this.#publishAt(connection, request.replyTo ?? `${this.#root}reply`, payload, {
        qos: 1,
        retain: false,
        correlationData: request.correlationData ?? undefined,
      })
        // The asker may name a topic that the broker does not let us use: its loss.
        .catch(() => undefined)
        .finally(() => {
          this.#replies--;
        })
    );
  }

  /** @param topic below the root. */
  #publish(connection: BrokerConnection, topic: string, payload: unknown, options: { qos: 0 | 1; retain: boolean }): Promise<void> {
    return this.#publishAt(connection, `${this.#root}${topic}`, payload, options);
  }

  #publishAt(
    connection: BrokerConnection,
    topic: string,
    payload: unknown,
    options: { qos: 0 | 1; retain: boolean; correlationData?: Buffer | undefined },
  ): Promise<void> {
    const text = JSON.stringify(payload);
    this.#allowance.spend(topic.length + text.length + packetBytes, monoMs());
    return connection.publish(topic, text, options);
  }

  #publishReported(): void {
    if (this.#serving) this.#reported?.turn();
  }

  #publishDiscovery(connection: BrokerConnection): void {
    const { config, box } = this.#options;
    // A broker that keeps us to our own topics forbids it: nothing else depends on it.
    if (config.control.mqtt.homeAssistant)
      this.#publishAt(connection, homeAssistantTopic(this.#name), homeAssistantConfig(this.#name, box.version), { qos: 1, retain: true }).catch(
        () => undefined,
      );
  }

  async #takeDesired(connection: BrokerConnection, payload: Buffer): Promise<void> {
    const answer = await takeDesired(payload, this.#options.settings);
    if (answer === null) return;
    if (answer.unreadable) this.#refusals.add(answer.reply, monoMs());
    this.#publishReported();
    await this.#reply(connection, { replyTo: null, correlationData: null, correlation: null, name: 'config' }, answer.reply);
  }

  #status(online: boolean, reason: BoxStatus['reason']): BoxStatus {
    const { box, slot } = this.#options;
    return { online, reason, session: this.#session, bootId: box.bootId, version: box.version, slot };
  }
}
