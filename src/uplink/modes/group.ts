/**
 * `broadcast` and `backup`: one group of SRT sockets, a member a path. libsrt chooses among the members and sends again over one what
 * another has not delivered; members that die are called anew by us, since libsrt only takes them out.
 */
import { type BackoffState, nextTry, noFailures } from '../../engine/backoff.ts';
import { bondingAdvice } from '../../model/advice.ts';
import type { Reason } from '../../model/reasons.ts';
import type { DestinationStatus, PathStatus } from '../../model/status.ts';
import type { LivePath } from '../paths/watch.ts';
import { payloadBytesMax, payloadBytesOf } from '../payload-size.ts';
import { resolveAll } from '../resolve.ts';
import { callerOptions } from '../srt/caller-options.ts';
import { SrtError } from '../srt/errors.ts';
import { GroupMember, groupMembers, type MemberState } from '../srt/group.ts';
import { srtLibrary } from '../srt/library.ts';
import { type GroupType, SrtSocket } from '../srt/socket.ts';
import type { SrtStats } from '../srt/stats.ts';
import type { ModeCarrier, ModeCarrierOptions } from './mode-carrier.ts';
import { CountedRate, srtDestinationFigures, srtPathStatus } from './path-status.ts';
import type { PinSeen } from './pin-follower.ts';
import { Silence } from './silence.ts';
import { Teller } from './teller.ts';

const backoff = { firstMs: 200, maxMs: 5000, stableMs: 10_000 };
/** A group without a member for this long is made anew: the other end has forgotten it. */
const emptyMsMax = 3000;
/** Members are looked at this often: their state is for people and for calling anew, libsrt decides by itself. */
const lookEveryMs = 50;

interface Member {
  readonly path: LivePath;
  link: GroupMember | null;
  state: MemberState | 'off';
  reason: Reason;
  sinceMs: number;
  callAtMs: number;
  backoff: BackoffState;
  resolving: boolean;
  stats: SrtStats | null;
  readonly silence: Silence;
  readonly rate: CountedRate;
  /** The last failure that was told. */
  told: Reason | null;
}

export class Group implements ModeCarrier {
  readonly bond = null;
  payloadBytes: number;
  readonly #options: ModeCarrierOptions;
  readonly #type: GroupType;
  readonly #members: Member[];
  readonly #teller: Teller;
  #socket: SrtSocket | null = null;
  #nowMs = 0;
  #lookAtMs = 0;
  #emptySinceMs = 0;
  #dropped = 0;

  constructor(options: ModeCarrierOptions, type: GroupType) {
    this.#options = options;
    this.#type = type;
    this.#teller = new Teller(options.destination.id, options.onNotice);
    this.payloadBytes = Math.min(payloadBytesMax, ...options.paths.map(({ config }) => payloadBytesOf(config.mtuBytes, '')));
    this.#members = options.paths.map((path) => ({
      path,
      link: null,
      state: 'off',
      reason: 'stopped',
      sinceMs: 0,
      callAtMs: 0,
      backoff: noFailures,
      resolving: false,
      stats: null,
      silence: new Silence(lookEveryMs),
      rate: new CountedRate(),
      told: null,
    }));
  }

  get connected(): boolean {
    return this.#teller.state === 'connected';
  }

  start(nowMs: number): void {
    this.#nowMs = nowMs;
    if (!srtLibrary().bonding) {
      const mode = this.#options.destination.mode;
      this.#teller.become('waiting', 'unsupported', `the mode ${mode} needs libsrt with bonding, and this one has none: ${bondingAdvice}`, nowMs);
      return;
    }
    this.#emptySinceMs = nowMs;
    this.#teller.become('connecting', 'connecting', `calling ${this.#address}`, nowMs);
    for (const member of this.#members) member.callAtMs = nowMs;
    this.#open(nowMs);
  }

  async stop(nowMs: number): Promise<void> {
    this.#teller.become('off', 'stopped', 'not called', nowMs);
    await this.#close();
  }

  send(payload: Buffer, offset: number, length: number): void {
    const socket = this.#socket;
    if (socket === null || !this.connected) return;
    const result = socket.send(payload, offset, length);
    // The member that carried it is being taken out, and finding that was all that libsrt did: the next call goes over another one.
    if (result === 'full' || (result === 'broken' && socket.send(payload, offset, length) !== 'sent')) this.#dropped++;
  }

  turn(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#teller.state === 'off' || !srtLibrary().bonding || nowMs < this.#lookAtMs) return;
    this.#lookAtMs = nowMs + lookEveryMs;
    if (this.#socket === null) this.#open(nowMs);
    this.#look(nowMs);
    for (const member of this.#members) if (member.link === null && member.path.usable && !member.resolving && nowMs >= member.callAtMs) this.#call(member);
    this.#judge(nowMs);
  }

  pathChanged(path: LivePath, nowMs: number): void {
    const member = this.#members.find((one) => one.path.id === path.id);
    if (member === undefined || this.#socket === null) return;
    // One that carries the program is left to libsrt, which goes over to another within 60 ms and more, with all that was on the way. Closed
    // under its hands, a backup group refuses payloads for some milliseconds.
    if (member.state === 'running') return;
    this.#drop(member, path.usable ? 'address-changed' : path.reason, nowMs, 0);
  }

  /** libsrt chooses among the members, and nothing can be said to it once they are connected. */
  pin(): void {}

  pinSeen(): PinSeen {
    return { does: 'cannot', path: null };
  }

  carrying(): string[] {
    return this.#members.filter(({ state }) => state === 'running').map(({ path }) => path.id);
  }

  silentMs(nowMs: number): number {
    const running = this.#members.filter(({ state }) => state === 'running');
    return running.length === 0 ? 0 : Math.min(...running.map(({ silence }) => silence.ms(nowMs)));
  }

  silenceMsMax(): number {
    return Math.max(0, ...this.#members.filter(({ state }) => state === 'running').map(({ silence }) => silence.msMax));
  }

  destinationStatus(nowMs: number): Omit<DestinationStatus, 'active'> {
    const { destination } = this.#options;
    const { state, reason, text, sinceMs } = this.#teller;
    const kbps = this.#members.reduce((sum, { link, rate }) => sum + (link === null ? 0 : rate.kbps), 0);
    const calls = this.#members.filter(({ link, path }) => link === null && path.usable).map(({ callAtMs }) => Math.max(0, Math.round(callAtMs - nowMs)));
    return {
      id: destination.id,
      mode: destination.mode,
      address: this.#address,
      state,
      reason,
      text,
      retryInMs: state === 'waiting' && calls.length > 0 ? Math.min(...calls) : null,
      sinceMonoMs: sinceMs,
      srt: this.connected
        ? srtDestinationFigures(
            this.#members.flatMap(({ stats }) => stats ?? []),
            destination.latencyMs,
            this.#dropped,
            kbps,
          )
        : null,
    };
  }

  pathStatus(_nowMs: number): PathStatus[] {
    return this.#members.map((member) => {
      const state = member.state === 'running' || member.state === 'idle' ? 'up' : member.state === 'pending' ? 'registering' : 'down';
      return srtPathStatus(
        member.path,
        this.#options.destination.id,
        { state, reason: member.reason, sinceMs: member.sinceMs },
        member.stats,
        member.link === null ? 0 : member.rate.kbps,
      );
    });
  }

  get #address(): string {
    const { host, port } = this.#options.destination;
    return `${host}:${port}`;
  }

  #open(nowMs: number): void {
    try {
      this.#socket = SrtSocket.openGroup(this.#type, callerOptions(this.#options.destination));
      this.#emptySinceMs = nowMs;
      this.#dropped = 0;
    } catch (error) {
      this.#teller.become('waiting', 'internal', (error as Error).message, nowMs);
    }
  }

  async #close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = null;
    const links = this.#members.flatMap(({ link }) => link ?? []);
    for (const member of this.#members) {
      member.link = null;
      member.stats = null;
      member.state = 'off';
    }
    await Promise.all(links.map((link) => link.close()));
    await socket?.close();
  }

  #look(nowMs: number): void {
    if (this.#socket === null) return;
    const views = new Map(groupMembers(this.#socket).map((view) => [view.handle, view.state]));
    for (const member of this.#members) {
      const { link } = member;
      if (link === null) continue;
      const state = views.get(link.handle);
      // Broken ones are taken out by libsrt with the next payload. Closing one at the same time makes libsrt wait for itself, and us with it.
      if (state === 'broken') continue;
      if (state === undefined) {
        this.#drop(member, member.state === 'pending' ? 'unreachable' : 'session-broken', nowMs, null);
        continue;
      }
      this.#follow(member, link, state, nowMs);
    }
  }

  #follow(member: Member, link: GroupMember, state: MemberState, nowMs: number): void {
    if (member.state !== state) {
      const connects = (state === 'idle' || state === 'running') && member.state !== 'idle' && member.state !== 'running';
      member.state = state;
      member.sinceMs = nowMs;
      member.silence.reset(nowMs);
      if (connects) {
        member.reason = 'connected';
        member.told = null;
        this.#teller.path(member.path.id, 'registering', 'up', 'connected', 'is connected');
      }
    }
    member.stats = state === 'pending' ? null : link.stats();
    if (member.stats === null) return;
    member.silence.observe(member.stats, nowMs);
    member.rate.observe(member.stats.sentBytes, nowMs);
  }

  #call(member: Member): void {
    const { destination } = this.#options;
    const target = member.path.config.via ?? destination;
    member.resolving = true;
    void resolveAll(target.host, member.path.addresses).then(([address]) => {
      member.resolving = false;
      const group = this.#socket;
      if (group === null || member.link !== null || !member.path.usable) return;
      if (address === undefined) return this.#drop(member, 'name-unresolved', this.#nowMs, null);
      try {
        // An IPv6 header is larger than what was reckoned with.
        this.payloadBytes = Math.min(this.payloadBytes, payloadBytesOf(member.path.config.mtuBytes, address));
        const weight = 1 + (100 - member.path.config.priority);
        member.link = GroupMember.join(group, { remote: { address, port: target.port }, device: member.path.interface, weight });
        member.state = 'pending';
        member.sinceMs = this.#nowMs;
      } catch (error) {
        this.#drop(member, error instanceof SrtError && error.code === 'ENODEV' ? 'interface-missing' : 'send-error', this.#nowMs, null);
      }
    });
  }

  /** `againInMs`: null for as long as the back-off says. */
  #drop(member: Member, reason: Reason, nowMs: number, againInMs: number | null): void {
    const wasUp = member.state === 'idle' || member.state === 'running';
    const { state, delayMs } = nextTry(member.backoff, wasUp ? nowMs - member.sinceMs : 0, Math.random(), backoff);
    member.backoff = state;
    member.callAtMs = nowMs + (againInMs ?? delayMs);
    void member.link?.close();
    member.link = null;
    member.stats = null;
    member.state = 'off';
    member.reason = reason;
    member.sinceMs = nowMs;
    // What the kernel says of an interface is told by the watch of the paths.
    if (!member.path.usable || member.told === reason) return;
    member.told = reason;
    this.#teller.path(member.path.id, wasUp ? 'up' : 'registering', 'down', reason, wasUp ? 'its connection is gone' : 'cannot be connected');
  }

  #judge(nowMs: number): void {
    const up = this.#members.some(({ state }) => state === 'idle' || state === 'running');
    if (up) {
      if (!this.connected)
        this.#teller.become('connected', 'connected', `connected to ${this.#address}`, nowMs, { darkMs: Math.round(nowMs - this.#emptySinceMs) });
      this.#emptySinceMs = nowMs;
      return;
    }
    if (this.connected || nowMs - this.#emptySinceMs > emptyMsMax) {
      const blamed = this.#members.find(({ path, state }) => path.usable && state === 'off') ?? this.#members[0];
      const reason = blamed === undefined || !blamed.path.usable ? 'no-path' : blamed.reason === 'stopped' ? 'unreachable' : blamed.reason;
      const text = reason === 'no-path' ? 'no network path is up' : 'is not connected over any path: check host and port, and that the receiver accepts groups';
      this.#teller.become('waiting', reason, `${this.#address}: ${text}`, nowMs);
    }
    if (nowMs - this.#emptySinceMs <= emptyMsMax) return;
    this.#emptySinceMs = nowMs;
    void this.#close();
  }
}
