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
import { type BoxStatus, type Reply, type StatePart, topicRoot } from '../../model/mqtt.ts';
import { backOffMs } from '../backoff.ts';
import type { Box } from '../box.ts';
import type { CommandDesk } from '../commands.ts';
import { BrokerConnection, brokerAddress } from './connection.ts';
import { type Explained, explainBroker } from './explain.ts';
import { EventPump } from './pump.ts';
import { RefusalTally } from './refusals.ts';
import { type Request, readRequest } from './request.ts';
import { dueStates, type PublishedState, statePayload, telemetry } from './state.ts';

/** Back-off: a broker that restarts is back in seconds; one that is gone must not be hammered by a fleet. */
const firstRetryMs = 1000;
const mostRetryMs = 30_000;
const hopelessRetryMs = 15_000;
const telemetryEveryMs = 1000;
/** A connection that lasted this long proves that the broker works for us. */
const stableMs = 5000;
/** Somebody who keeps writing to our status gets an answer at most this often. */
const rebirthEveryMs = 1000;
/** Replies under way; above this the flood is answered with silence, since answers would only feed it. */
const repliesMax = 500;

export interface MqttLinkOptions {
  config: Config;
  box: Box;
  desk: CommandDesk;
  /** The system slot that booted, or null. */
  slot: string | null;
}

export class MqttLink {
  readonly #options: MqttLinkOptions;
  readonly #name: string;
  readonly #root: string;
  readonly #where: string;
  readonly #refusals: RefusalTally;
  readonly #timers: NodeJS.Timeout[] = [];
  #connection: BrokerConnection | null = null;
  #session = '';
  #serving = false;
  #pump: EventPump | null = null;
  #published = new Map<StatePart, PublishedState>();
  #underWay = new Set<StatePart>();
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
    this.#where = brokerAddress(mqtt.url ?? '');
    this.#refusals = new RefusalTally((refused) => options.box.report(refused));
  }

  start(): void {
    if (this.#options.config.control.mqtt.url === undefined) return;
    this.#unsubscribe = this.#options.box.subscribe(() => this.#publishStates());
    this.#timers.push(setInterval(() => this.#tick(), telemetryEveryMs));
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
      await connection.publish(`${this.#root}status`, this.#status(false, 'offline'), { qos: 1, retain: true });
      await connection.goodbye();
    };
    // A broker that hangs must not hold up the stop.
    await Promise.race([goodbye().catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 1500).unref())]);
  }

  #connect(): void {
    const { config, box } = this.#options;
    const url = config.control.mqtt.url as string;
    this.#session = randomBytes(8).toString('hex');
    this.#overwritten = false;
    if (this.#failures === 0) box.setLink('mqtt', 'connecting', 'connecting', `connecting to the broker ${this.#where}`);
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
      // Only to notice a late will (see #checkStatus): a broker that forbids it is no reason to stay away.
      await connection.subscribe(`${this.#root}status`).catch(() => undefined);
      await this.#birth(connection);
    } catch (error) {
      connection.abort(error);
      return;
    }
    if (this.#connection !== connection || this.#stopping) return;
    this.#serving = true;
    this.#published.clear();
    this.#underWay.clear();
    this.#publishStates();
    this.#pump = new EventPump({
      journal: this.#options.box.journal,
      consumer: 'mqtt',
      send: (event) => connection.publish(`${this.#root}event`, event, { qos: 1, retain: false }),
      onRefused: (error) => connection.abort(error),
    });
    const { box } = this.#options;
    const old = box.links.mqtt;
    const wasLost = this.#lastFailure !== '';
    this.#lastFailure = '';
    const text = `connected to the broker ${this.#where}${this.#protocolVersion === 4 ? ' (which speaks only MQTT 3.1.1)' : ''}`;
    box.setLink('mqtt', 'connected', 'connected', text);
    box.report(
      notice({
        severity: wasLost ? 'clear' : 'info',
        subject: { kind: 'mqtt', id: this.#where },
        what: 'mqtt.state',
        from: old.state,
        to: 'connected',
        reason: wasLost ? 'recovered' : 'connected',
        text,
      }),
    );
  }

  async #birth(connection: BrokerConnection): Promise<void> {
    await connection.publish(`${this.#root}status`, this.#status(true, this.#births === 0 ? 'started' : 'reconnected'), { qos: 1, retain: true });
    this.#births++;
  }

  #ended(error: unknown, sinceMs: number): void {
    const wasServing = this.#serving;
    this.#connection = null;
    this.#serving = false;
    this.#pump?.stop();
    this.#pump = null;
    if (this.#stopping) return;
    // MQTT 3.1.1 code 1, MQTT 5 code 0x84; a broker that knows only the old one may also just hang up on the new one.
    if (this.#protocolVersion === 5 && !wasServing && isVersionRefusal(error)) {
      this.#protocolVersion = 4;
      this.#connect();
      return;
    }
    if (wasServing && monoMs() - sinceMs > stableMs) this.#failures = 0;
    this.#failed(explainBroker(error, this.#where, { tls: /^(mqtts|wss):/.test(this.#options.config.control.mqtt.url ?? '') }));
  }

  #failed({ reason, text, hopeless }: Explained): void {
    this.#failures++;
    const { box } = this.#options;
    const old = box.links.mqtt.state;
    box.setLink('mqtt', 'waiting', reason, text);
    // Once for each new reason, not for each attempt.
    if (this.#lastFailure !== text)
      box.report(notice({ severity: 'warning', subject: { kind: 'mqtt', id: this.#where }, what: 'mqtt.state', from: old, to: 'waiting', reason, text }));
    this.#lastFailure = text;
    const delayMs = backOffMs(this.#failures, hopeless ? hopelessRetryMs : firstRetryMs, mostRetryMs, Math.random());
    // After a while with the old protocol the broker may have been swapped or updated.
    if (this.#failures % 5 === 0) this.#protocolVersion = 5;
    this.#retry = setTimeout(() => this.#connect(), delayMs);
  }

  #publishStates(): void {
    const connection = this.#connection;
    if (connection === null || !this.#serving) return;
    const { box } = this.#options;
    const nowMs = monoMs();
    const snapshot = box.snapshot();
    for (const { part, key } of dueStates(snapshot, this.#published, nowMs)) {
      // One of each kind under way: on a thin link the next one carries the newest.
      if (this.#underWay.has(part)) continue;
      this.#underWay.add(part);
      this.#published.set(part, { key, atMs: nowMs });
      connection.publish(`${this.#root}state/${part}`, statePayload(part, snapshot, box.wall()), { qos: 1, retain: true }).then(
        () => {
          this.#underWay.delete(part);
        },
        (error) => {
          this.#underWay.delete(part);
          if (connection === this.#connection) connection.abort(error);
        },
      );
    }
  }

  #tick(): void {
    this.#refusals.tick(monoMs());
    this.#standUp();
    this.#publishStates();
    const connection = this.#connection;
    if (connection === null || !this.#serving || !connection.idle) return;
    const { box } = this.#options;
    connection.publish(`${this.#root}telemetry`, telemetry(box.snapshot(), box.history.latest(), box.wall()), { qos: 0, retain: false }).catch(() => undefined);
  }

  #take(topic: string, payload: Buffer, packet: IPublishPacket): void {
    const connection = this.#connection;
    if (connection === null) return;
    if (topic === `${this.#root}status`) {
      this.#checkStatus(payload);
      return;
    }
    if (this.#stopping) return;
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
      this.#reply(connection, request, request.refusal);
      return;
    }
    const from = request.by === null ? 'mqtt' : `mqtt:${request.by}`;
    void this.#options.desk
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

  #reply(connection: BrokerConnection, request: Request, reply: CommandReply): void {
    if (this.#replies >= repliesMax) return;
    this.#replies++;
    const payload: Reply = { ...reply, command: request.name, correlation: request.correlation };
    connection
      .publish(request.replyTo ?? `${this.#root}reply`, payload, { qos: 1, retain: false, correlationData: request.correlationData ?? undefined })
      // The asker may name a topic that the broker does not let us use: its loss.
      .catch(() => undefined)
      .finally(() => {
        this.#replies--;
      });
  }

  #status(online: boolean, reason: BoxStatus['reason']): BoxStatus {
    const { box, slot } = this.#options;
    return { online, reason, session: this.#session, bootId: box.bootId, version: box.version, slot };
  }
}

function isVersionRefusal(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  if ('code' in error && (error.code === 1 || error.code === 0x84)) return true;
  // A CONNACK of MQTT 3.1.1 has two bytes, which the parser of MQTT 5 finds too short.
  return 'message' in error && /parse|header|propert/i.test(String(error.message)) && !('code' in error && typeof error.code === 'string');
}
