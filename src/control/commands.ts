/**
 * Performs what people, scripts and the cloud ask for, over whichever door it came. One desk, so that validation, doing a
 * thing once, limits and the log are the same for all.
 */
import { monoMs } from '../clock.ts';
import { type AnyCommand, anyCommandSchema, type BoxCommand, boxCommandSchema, type CommandReply } from '../model/command.ts';
import type { Reason } from '../model/reasons.ts';

/** Commands under way at once. People ask for one thing at a time; more is a script gone wild. */
const underWayMax = 16;
/** How long and how many replies are remembered, so that a command sent again is answered again and done once. */
const rememberedMs = 10 * 60_000;
const rememberedMax = 1000;

export interface CommandRequest {
  name: string;
  /** Arguments without the name; anything that was sent. */
  args: Record<string, unknown>;
  /** Who asked, for the event log: `page`, `mqtt`, `api`. */
  from: string;
  /** The same door and correlation twice is done once. */
  correlation: string | null;
}

/** Sends a valid command to the daemon that performs it. */
export type Perform = (command: AnyCommand, from: string) => Promise<CommandReply>;

export class CommandDesk {
  readonly #perform: Perform;
  readonly #remembered = new Map<string, { untilMs: number; reply: Promise<CommandReply> }>();
  #underWay = 0;

  constructor(perform: Perform) {
    this.#perform = perform;
  }

  /** Never rejects. */
  run(request: CommandRequest): Promise<CommandReply> {
    const parsed = anyCommandSchema.safeParse({ ...request.args, name: request.name });
    if (!parsed.success) return Promise.resolve(refuse('invalid', explain(request.name, parsed.error.issues)));
    if (request.correlation === null) return this.#do(parsed.data, request.from);
    const key = `${request.from} ${request.name} ${request.correlation}`;
    this.#forget();
    const known = this.#remembered.get(key);
    if (known !== undefined) return known.reply;
    const reply = this.#do(parsed.data, request.from);
    this.#remembered.set(key, { untilMs: monoMs() + rememberedMs, reply });
    return reply;
  }

  async #do(command: AnyCommand, from: string): Promise<CommandReply> {
    if (this.#underWay >= underWayMax) return refuse('busy', `${underWayMax} commands are under way already: ask again in a moment`);
    this.#underWay++;
    try {
      return await this.#perform(command, from);
    } catch {
      return refuse('media-lost', 'the media daemon does not answer: nothing was done, or it is not known');
    } finally {
      this.#underWay--;
    }
  }

  #forget(): void {
    const nowMs = monoMs();
    for (const [key, { untilMs }] of this.#remembered) {
      // Insertion order is order of age.
      if (untilMs > nowMs && this.#remembered.size < rememberedMax) return;
      this.#remembered.delete(key);
    }
  }
}

const boxCommandNames: ReadonlySet<string> = new Set(boxCommandSchema.options.map((option) => option.shape.name.value));

/** Whether the control daemon performs it itself. */
export function isBoxCommand(command: AnyCommand): command is BoxCommand {
  return boxCommandNames.has(command.name);
}

export function refuse(reason: Reason, text: string): CommandReply {
  return { ok: false, reason, text };
}

interface Issue {
  code?: string | undefined;
  path: PropertyKey[];
  message: string;
}

/** One sentence of what is wrong with a command. Repeats no value: it may be hostile, or a secret. */
export function explain(name: string, issues: readonly Issue[]): string {
  const shown = /^[a-z0-9-]{1,32}$/.test(name) ? name : 'the command';
  const issue = issues[0];
  if (issue === undefined) return `${shown} is not valid`;
  if (issue.path[0] === 'name') return `there is no command ${shown === name ? name : 'of this name'}; there are: ${commandNames.join(', ')}`;
  const where = issue.path.length === 0 ? '' : `${issue.path.map(String).join('.').slice(0, 64)}: `;
  return `${shown}: ${where}${issue.message.slice(0, 200)}`;
}

export const commandNames: string[] = anyCommandSchema.options.map((option) => option.shape.name.value);
