/**
 * Pictures on the topic `preview`, only while somebody asked for them: each request has an end, so that nobody pays for pictures that nobody looks at any
 * more. Each is the same picture as the page's; one that the network has no room for is left out.
 */
import { monoMs } from '../../clock.ts';
import type { CommandReply } from '../../model/command.ts';
import { type Notice, notice } from '../../model/event.ts';
import { refuse } from '../commands.ts';

export interface PreviewWish {
  /** 0 ends it. */
  forSeconds: number;
  everySeconds: number;
  /** null: what is on air. */
  input: string | null;
}

export interface PreviewOptions {
  /** For the answer. */
  topic: string;
  takePicture(input: string | null): Promise<CommandReply>;
  inputOnAir(): string;
  /** Whether so many bytes may go now; of 0 bytes: whether it is worth taking a picture. */
  hasRoom(bytes: number): boolean;
  send(jpeg: Buffer, input: string): Promise<void>;
  /** How it went, once it is over. */
  onEnd(one: Notice): void;
}

export class Preview {
  readonly #options: PreviewOptions;
  #wish: PreviewWish | null = null;
  #untilMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #sent = 0;
  #leftOut = 0;
  #underWay = false;

  constructor(options: PreviewOptions) {
    this.#options = options;
  }

  /** A new request takes the place of the one before. */
  ask(wish: PreviewWish): CommandReply {
    const wasRunning = this.#wish !== null;
    if (wish.forSeconds === 0) {
      if (!wasRunning) return refuse('not-needed', 'no preview is being sent');
      this.#end('requested');
      return { ok: true, reason: 'requested', text: 'the preview has ended' };
    }
    this.#wish = wish;
    this.#untilMs = monoMs() + wish.forSeconds * 1000;
    if (!wasRunning) [this.#sent, this.#leftOut] = [0, 0];
    this.#next(0);
    return { ok: true, reason: 'requested', text: `a picture each ${wish.everySeconds} s for ${wish.forSeconds} s on ${this.#options.topic}` };
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#wish = null;
  }

  #next(afterMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#turn(), afterMs);
  }

  async #turn(): Promise<void> {
    const wish = this.#wish;
    if (wish === null) return;
    if (monoMs() >= this.#untilMs) return this.#end('expired');
    // After the turn, not by interval: an encoder that is slow is not asked twice at once.
    const sinceMs = monoMs();
    if (!this.#underWay) {
      this.#underWay = true;
      if (await this.#picture(wish)) this.#sent++;
      else this.#leftOut++;
      this.#underWay = false;
    }
    if (this.#wish === wish) this.#next(Math.max(100, Math.min(sinceMs + wish.everySeconds * 1000, this.#untilMs) - monoMs()));
  }

  async #picture({ input }: PreviewWish): Promise<boolean> {
    const { hasRoom, takePicture, inputOnAir, send } = this.#options;
    if (!hasRoom(0)) return false;
    const shown = input ?? inputOnAir();
    const { jpegBase64 } = await takePicture(input);
    if (jpegBase64 === undefined) return false;
    const jpeg = Buffer.from(jpegBase64, 'base64');
    if (!hasRoom(jpeg.length)) return false;
    return send(jpeg, shown).then(
      () => true,
      () => false,
    );
  }

  #end(reason: 'expired' | 'requested'): void {
    this.stop();
    const [sent, leftOut] = [this.#sent, this.#leftOut];
    const why = leftOut === 0 ? '' : `, ${leftOut} left out: the network had no room, or there was no picture`;
    this.#options.onEnd(
      notice({
        severity: 'info',
        subject: { kind: 'mqtt', id: 'preview' },
        what: 'mqtt.preview',
        from: 'sending',
        to: 'ended',
        reason,
        text: `the preview over MQTT has ended: ${sent} pictures sent${why}`,
        measured: { sent, leftOut },
      }),
    );
  }
}
