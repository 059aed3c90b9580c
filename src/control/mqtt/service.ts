/**
 * What is said over one connection that the broker has accepted, from birth to goodbye: states, events, telemetry, replies; and what is taken from it.
 * Everything retained is published again over each connection; nothing is queued in memory.
 */
import type { IPublishPacket } from 'mqtt';
import { monoMs } from '../../clock.ts';
import type { Config } from '../../config/schema.ts';
import type { CommandReply } from '../../model/command.ts';
import { type BoxStatus, type Reply, topicRoot } from '../../model/mqtt.ts';
import type { Telemetry } from '../../model/telemetry.ts';
import type { Box } from '../box.ts';
import type { CommandDesk } from '../commands.ts';
import type { SettingsKeeper } from '../settings/keeper.ts';
import type { TelemetryStore } from '../telemetry-store.ts';
import { type Allowance, isThin, telemetryEveryMs } from './allowance.ts';
import type { BrokerConnection, PublishOptions } from './connection.ts';
import { takeDesired } from './desired.ts';
import { homeAssistantConfig, homeAssistantTopic } from './home-assistant.ts';
import { sendMissed } from './missed.ts';
import { EventPump } from './pump.ts';
import type { RefusalTally } from './refusals.ts';
import { ReportedPublisher } from './reported.ts';
import { type Request, readRequest } from './request.ts';
import { quietEveryMs } from './state.ts';
import { StatePublisher } from './state-publisher.ts';

/** Header, properties, TCP and IP of a message, about. */
const packetBytes = 120;
/** Somebody who keeps writing to our status gets an answer at most this often. */
const rebirthEveryMs = 1000;
/** States without news, over a network whose data is counted. */
const meteredQuietEveryMs = 60_000;
/** Replies under way. Commands of QoS 1 wait until there is room; a flood without acknowledgements is answered with silence, since answers would only feed it. */
const repliesMax = 500;

export interface ServiceOptions {
  config: Config;
  box: Box;
  desk: CommandDesk;
  settings: SettingsKeeper;
  telemetry: TelemetryStore;
  /** Of all connections together. */
  allowance: Allowance;
  refusals: RefusalTally;
  /** Name of the box in the topics. */
  name: string;
  status(online: boolean, reason: BoxStatus['reason']): BoxStatus;
  /** Once a birth was acknowledged. */
  onBirth(): void;
}

export class BrokerService {
  readonly #options: ServiceOptions;
  readonly #connection: BrokerConnection;
  readonly #root: string;
  #serving = false;
  #stopped = false;
  #pump: EventPump | null = null;
  #states: StatePublisher | null = null;
  readonly #reported: ReportedPublisher;
  #telemetryMs = Number.NEGATIVE_INFINITY;
  /** The last status that the broker showed us is not that of a live box. */
  #overwritten = false;
  #rebornMs = Number.NEGATIVE_INFINITY;
  #replies = 0;

  constructor(connection: BrokerConnection, options: ServiceOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#root = topicRoot(options.name);
    this.#reported = new ReportedPublisher(options.settings, (reported) => this.#publish('config/reported', reported, { qos: 1, retain: true }));
  }

  get #metered(): boolean {
    return this.#connection.way.metered;
  }

  /** The broker takes our word, and we take its. */
  get serving(): boolean {
    return this.#serving && !this.#stopped;
  }

  /** Who has seen our birth may ask at once, before the broker's acknowledgement of it has come to us. */
  get open(): boolean {
    return !this.#stopped;
  }

  /** Resolves when the birth was acknowledged and everything else is on its way. Rejects where the broker refuses. @param reason of the birth. */
  async begin(reason: BoxStatus['reason']): Promise<void> {
    const connection = this.#connection;
    await connection.subscribe(`${this.#root}cmd/+`);
    await connection.subscribe(`${this.#root}config/desired`);
    // Only to notice a late will (see #checkStatus): a broker that forbids it is no reason to stay away.
    await connection.subscribe(`${this.#root}status`).catch(() => undefined);
    if (this.#stopped) return;
    await this.#birth(reason);
    if (this.#stopped) return;
    this.#serving = true;
    const { box, allowance, telemetry } = this.#options;
    this.#states = new StatePublisher({
      box,
      publish: (part, payload) => this.#publish(`state/${part}`, payload, { qos: 1, retain: true }),
      quietEveryMs: this.#metered ? meteredQuietEveryMs : quietEveryMs,
      hasRoom: (nowMs) => allowance.has(0.25, nowMs),
      onRefused: (error) => {
        if (!this.#stopped) connection.abort(error);
      },
    });
    this.publishStates();
    this.publishReported();
    this.#publishDiscovery();
    void sendMissed(telemetry, box.journal, {
      isOver: () => this.#stopped,
      // Over a metered network it waits for another one.
      hasRoom: () => !this.#metered && allowance.has(0.5, monoMs()),
      send: (missed) => this.#publish('telemetry/missed', missed, { qos: 1, retain: false }),
    });
    this.#pump = new EventPump({
      journal: box.journal,
      consumer: 'mqtt',
      send: (event) => this.#publish('event', event, { qos: 1, retain: false }),
      hasRoom: () => allowance.has(0, monoMs()),
      onRefused: (error) => connection.abort(error),
    });
  }

  /** The connection is gone, or given up. */
  stop(): void {
    this.#stopped = true;
    this.#pump?.stop();
  }

  async goodbye(): Promise<void> {
    await this.#publish('status', this.#options.status(false, 'offline'), { qos: 1, retain: true });
    await this.#connection.goodbye();
  }

  /** To be called each second. */
  tick(): void {
    this.#standUp();
    this.publishStates();
  }

  publishStates(): void {
    if (this.serving) this.#states?.turn();
  }

  publishReported(): void {
    if (this.serving) this.#reported.turn();
  }

  /** Whether it is on its way. A second that is not is told later, from the disk. */
  sendTelemetry(sample: Telemetry): boolean {
    if (!this.serving) return false;
    const nowMs = monoMs();
    // A little early is on time: the timer jitters.
    const isDue = nowMs - this.#telemetryMs >= telemetryEveryMs(this.#options.box.snapshot(), this.#connection.backlogBytes, this.#metered) - 100;
    if (!isDue || !this.#options.allowance.has(0.5, nowMs)) return false;
    this.#telemetryMs = nowMs;
    this.#publish('telemetry', sample, { qos: 0, retain: false }).catch(() => undefined);
    return true;
  }

  /** Whether a picture of `bytes` may go: never while the network is thin, and only what leaves room for what is news. */
  hasRoomForPicture(bytes: number): boolean {
    const thin = isThin(this.#options.box.snapshot(), this.#connection.backlogBytes);
    return this.serving && !thin && this.#options.allowance.hasFor(bytes + packetBytes, 0.25, monoMs());
  }

  async sendPicture(jpeg: Buffer, input: string): Promise<void> {
    const topic = `${this.#root}preview`;
    this.#options.allowance.spend(topic.length + jpeg.length + packetBytes, monoMs());
    const wallMs = this.#options.box.wall();
    await this.#connection.publish(topic, jpeg, {
      qos: 0,
      retain: false,
      contentType: 'image/jpeg',
      userProperties: { input, ...(wallMs !== null && { wallMs: String(Math.round(wallMs)) }) },
    });
  }

  /** Resolves when it is answered. */
  take(topic: string, payload: Buffer, packet: IPublishPacket): Promise<void> | undefined {
    if (this.#stopped) return;
    if (topic === `${this.#root}status`) return void this.#checkStatus(payload);
    if (topic === `${this.#root}config/desired`) return this.#takeDesired(payload);
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
      this.#options.refusals.add(request.refusal, monoMs());
      return this.#reply(request, request.refusal);
    }
    const from = request.by === null ? 'mqtt' : `mqtt:${request.by}`;
    return this.#options.desk
      .run({ name: request.name, args: request.args ?? {}, from, correlation: request.correlation })
      .then((reply) => this.#reply(request, reply));
  }

  async #birth(reason: BoxStatus['reason']): Promise<void> {
    await this.#publish('status', this.#options.status(true, reason), { qos: 1, retain: true });
    this.#options.onBirth();
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
    if (!this.#overwritten || !this.serving || monoMs() - this.#rebornMs < rebirthEveryMs) return;
    this.#rebornMs = monoMs();
    this.#birth('reconnected').catch(() => undefined);
  }

  #reply(request: Pick<Request, 'replyTo' | 'correlationData' | 'correlation' | 'name'>, reply: CommandReply): Promise<void> {
    if (this.#replies >= repliesMax) return Promise.resolve();
    this.#replies++;
    const payload: Reply = { ...reply, command: request.name, correlation: request.correlation };
    return (
      this.#publishAt(request.replyTo ?? `${this.#root}reply`, payload, { qos: 1, retain: false, correlationData: request.correlationData ?? undefined })
        // The asker may name a topic that the broker does not let us use: its loss.
        .catch(() => undefined)
        .finally(() => {
          this.#replies--;
        })
    );
  }

  #publishDiscovery(): void {
    const { config, box, name } = this.#options;
    // A broker that keeps us to our own topics forbids it: nothing else depends on it.
    if (config.control.mqtt.homeAssistant)
      this.#publishAt(homeAssistantTopic(name), homeAssistantConfig(name, box.version), { qos: 1, retain: true }).catch(() => undefined);
  }

  async #takeDesired(payload: Buffer): Promise<void> {
    const answer = await takeDesired(payload, this.#options.settings);
    if (answer === null) return;
    if (answer.unreadable) this.#options.refusals.add(answer.reply, monoMs());
    this.publishReported();
    await this.#reply({ replyTo: null, correlationData: null, correlation: null, name: 'config' }, answer.reply);
  }

  /** @param topic below the root. */
  #publish(topic: string, payload: unknown, options: PublishOptions): Promise<void> {
    return this.#publishAt(`${this.#root}${topic}`, payload, options);
  }

  #publishAt(topic: string, payload: unknown, options: PublishOptions): Promise<void> {
    const text = JSON.stringify(payload);
    this.#options.allowance.spend(topic.length + text.length + packetBytes, monoMs());
    return this.#connection.publish(topic, text, options);
  }
}
