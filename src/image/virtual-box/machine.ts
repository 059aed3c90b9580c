/** One virtual box in QEMU: processor and board emulated in software, so that it runs anywhere, at about a twentieth of the speed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { exitCode, FatalError } from '../../model/exit.ts';

export interface MachinePlan {
  kernel: string;
  initrd: string;
  disk: string;
  /** For sockets and logs. */
  folder: string;
  /** Ports of this machine, on the loopback interface, that lead to the box's ssh and page. */
  sshPort: number;
  pagePort: number;
}

/** Seen from the box, this machine has these addresses: one behind each of its two networks. */
export const deskOverEthernet = '10.0.2.2';
export const deskOverModem = '10.0.3.2';

const connectMsMax = 10_000;

export class Machine {
  readonly #plan: MachinePlan;
  #child: ChildProcess | null = null;
  #monitor: LineSocket | null = null;
  #lines: LineSocket | null = null;
  #chip = '';
  #starts = 0;

  constructor(plan: MachinePlan) {
    this.#plan = plan;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Log of the serial console of the current start. */
  get consolePath(): string {
    return join(this.#plan.folder, `console-${this.#starts}.log`);
  }

  async powerOn(): Promise<void> {
    const { folder } = this.#plan;
    this.#starts++;
    for (const name of ['monitor.sock', 'lines.sock']) rmSync(join(folder, name), { force: true });
    const log = openSync(join(folder, 'qemu.log'), 'a');
    const child = spawn('qemu-system-aarch64', this.#arguments(), { stdio: ['ignore', log, log] });
    this.#child = child;
    child.on('error', () => undefined);
    this.#monitor = await this.#open('monitor.sock');
    await this.#monitor.line();
    await this.#command('qmp_capabilities');
    this.#lines = await this.#open('lines.sock');
    const parts = (await this.#command('qom-list', { path: '/machine/unattached' })) as { name: string; type: string }[];
    this.#chip = parts.find(({ type }) => type === 'child<pl061>')?.name ?? '';
  }

  /** As if the plug were pulled: nothing is flushed. */
  async cutPower(): Promise<void> {
    const child = this.#child;
    this.#monitor?.close();
    this.#lines?.close();
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    this.#child = null;
  }

  /** Asks the system to shut down; cuts the power when it does not within `msMax`. */
  async powerOff(msMax = 30_000): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    await this.#command('system_powerdown').catch(() => undefined);
    await Promise.race([gone, delay(msMax, undefined, { ref: false })]);
    await this.cutPower();
  }

  /** Resolves when QEMU has ended, however. */
  async ended(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise((resolve) => child.once('exit', resolve));
  }

  /** Carrier of the Ethernet card. */
  async setCable(plugged: boolean): Promise<void> {
    await this.#command('set_link', { name: 'ethernet', up: plugged });
  }

  /** Level of an input line of the board's PL061. Line 3 is its power button. */
  async setLine(line: number, high: boolean): Promise<void> {
    const socket = this.#lines;
    if (socket === null || this.#chip === '') throw new Error('QEMU offers no GPIO lines');
    socket.write(`set_irq_in /machine/unattached/${this.#chip} unnamed-gpio-in ${line} ${high ? 1 : 0}\n`);
    const answer = await socket.line();
    if (!answer.startsWith('OK')) throw new Error(`QEMU refuses to set line ${line}: ${answer}`);
  }

  #arguments(): string[] {
    const { kernel, initrd, disk, folder, sshPort, pagePort } = this.#plan;
    const forward = `hostfwd=tcp:127.0.0.1:${sshPort}-:22,hostfwd=tcp:127.0.0.1:${pagePort}-:8080`;
    return [
      ...['-M', 'virt,gic-version=3', '-cpu', 'cortex-a72', '-smp', '2', '-m', '1024', '-accel', 'tcg,thread=multi'],
      ...['-kernel', kernel, '-initrd', initrd],
      ...['-append', 'root=/dev/vda1 rootfstype=squashfs ro rauc.slot=A systemd.volatile=state console=ttyAMA0 net.ifnames=0 quiet'],
      ...['-drive', `file=${disk},format=raw,if=none,id=disk`, '-device', 'virtio-blk-pci,drive=disk'],
      ...['-netdev', `user,id=n0,net=10.0.2.0/24,${forward}`, '-device', 'virtio-net-pci,netdev=n0,id=ethernet,romfile=,mac=52:54:00:00:02:15'],
      // The modem, as most LTE sticks: a network card on USB (CDC Ethernet).
      ...['-device', 'qemu-xhci', '-netdev', 'user,id=n1,net=10.0.3.0/24', '-device', 'usb-net,netdev=n1,id=modem,mac=52:54:00:00:03:15'],
      ...['-device', 'i6300esb', '-action', 'watchdog=reset', '-device', 'virtio-rng-pci'],
      ...['-display', 'none', '-monitor', 'none', '-serial', `file:${this.consolePath}`],
      ...['-qmp', `unix:${folder}/monitor.sock,server=on,wait=off`],
      // Input lines can only be driven through the socket that QEMU's own tests use.
      ...['-qtest', `unix:${folder}/lines.sock,server=on,wait=off`, '-qtest-log', 'none'],
    ];
  }

  async #command(name: string, args: Record<string, unknown> = {}): Promise<unknown> {
    const monitor = this.#monitor;
    if (monitor === null) throw new Error('QEMU does not run');
    monitor.write(`${JSON.stringify({ execute: name, arguments: args })}\n`);
    for (;;) {
      const answer = JSON.parse(await monitor.line()) as { return?: unknown; error?: { desc: string } };
      if (answer.error !== undefined) throw new Error(`QEMU refuses ${name}: ${answer.error.desc}`);
      // Everything else is an event.
      if ('return' in answer) return answer.return;
    }
  }

  async #open(name: string): Promise<LineSocket> {
    const path = join(this.#plan.folder, name);
    for (let waitedMs = 0; waitedMs < connectMsMax; waitedMs += 100) {
      if (this.#child?.exitCode !== null) break;
      const socket = await LineSocket.open(path).catch(() => null);
      if (socket !== null) return socket;
      await delay(100);
    }
    throw new FatalError(exitCode.failure, `QEMU does not start: see ${this.#plan.folder}/qemu.log`);
  }
}

class LineSocket {
  readonly #socket: Socket;
  readonly #lines: string[] = [];
  #partial = '';
  #waiting: ((line: string) => void) | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#partial + text).split('\n');
      this.#partial = lines.pop() ?? '';
      this.#lines.push(...lines);
      this.#deliver();
    });
    socket.on('error', () => socket.destroy());
  }

  static open(path: string): Promise<LineSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      socket.once('connect', () => resolve(new LineSocket(socket)));
      socket.once('error', reject);
    });
  }

  write(text: string): void {
    this.#socket.write(text);
  }

  /** One reader at a time. */
  line(): Promise<string> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#deliver();
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #deliver(): void {
    const waiting = this.#waiting;
    const line = waiting === null ? undefined : this.#lines.shift();
    if (waiting === null || line === undefined) return;
    this.#waiting = null;
    waiting(line);
  }
}
