/** Reads a message on `cmd/<name>`. Pure. What comes here is from anywhere: every byte is checked, nothing of it is repeated but what was found clean. */
import type { CommandReply } from '../../model/command.ts';
import { commandPayloads } from '../../model/mqtt.ts';
import type { Reason } from '../../model/reasons.ts';
import { commandNames, explain, refuse } from '../commands.ts';

export interface Incoming {
  /** The last part of the topic. */
  name: string;
  payload: Buffer;
  retained: boolean;
  /** MQTT 5 properties. */
  responseTopic: string | null;
  correlationData: Buffer | null;
  /** Seconds left of a message expiry interval. */
  expirySeconds: number | null;
}

export interface Request {
  /** Where the reply goes; null: to the box’s `reply` topic. */
  replyTo: string | null;
  correlationData: Buffer | null;
  correlation: string | null;
  name: string;
  /** Null: refused, with `refusal`. */
  args: Record<string, unknown> | null;
  refusal: CommandReply | null;
  by: string | null;
}

const payloadBytesMax = 64 * 1024;
const depthMax = 32;

/** @param wallMs null while the clock is not set. @param root own topics: a reply there would be taken for a command or a state. */
export function readRequest(incoming: Incoming, root: string, wallMs: number | null): Request {
  const { name, correlationData } = incoming;
  const request: Request = {
    replyTo: usableTopic(incoming.responseTopic, root),
    correlationData: correlationData !== null && correlationData.length <= 256 ? correlationData : null,
    correlation: null,
    name: commandNames.includes(name) ? name : '',
    args: null,
    refusal: null,
    by: null,
  };
  // In the reply the correlation is text: as it is where it is plain, in hexadecimal where it is not.
  if (request.correlationData !== null) request.correlation = plain(request.correlationData) ?? request.correlationData.toString('hex');
  const refused = (reason: Reason, text: string): Request => ({ ...request, refusal: refuse(reason, text) });

  const body = readBody(incoming.payload);
  if (body !== null) {
    if (typeof body.correlation === 'string' && body.correlation.length <= 128) request.correlation ??= body.correlation;
    if (typeof body.responseTopic === 'string') request.replyTo ??= usableTopic(body.responseTopic, root);
  }
  if (incoming.retained) return refused('invalid', 'a retained command is refused: it would be done again at each connection; send it without the retain flag');
  // Names like `constructor` are on every object.
  const schema = Object.hasOwn(commandPayloads, name) ? commandPayloads[name] : undefined;
  if (schema === undefined) return refused('invalid', `there is no command of this name; there are: ${commandNames.join(', ')}`);
  if (body === null) return refused('invalid', `${name}: the payload is not a JSON object of at most ${payloadBytesMax} bytes`);
  if (incoming.responseTopic !== null && request.replyTo === null)
    return refused('invalid', `${name}: the response topic is not usable: no wildcards, at most 256 characters, and below this box’s own topics only reply/…`);
  const parsed = schema.safeParse(body);
  if (!parsed.success) return refused('invalid', explain(name, parsed.error.issues));
  const { responseTopic: _, correlation: __, expiresAt, by, ...args } = parsed.data as Record<string, unknown>;
  if (incoming.expirySeconds !== null && incoming.expirySeconds <= 0) return refused('expired', `${name}: it came after its expiry`);
  if (typeof expiresAt === 'number') {
    if (wallMs === null) return refused('clock-unset', `${name}: it expires, but the clock of this box is not set: nobody can tell`);
    if (expiresAt <= wallMs) return refused('expired', `${name}: it came ${Math.round(wallMs - expiresAt)} ms after its expiry`);
  }
  return { ...request, args, by: typeof by === 'string' ? printable(by) : null };
}

export function readBody(payload: Buffer): Record<string, unknown> | null {
  if (payload.length > payloadBytesMax) return null;
  // A command without arguments may have no payload at all.
  if (payload.length === 0) return {};
  try {
    const text = payload.toString('utf8');
    if (depthOf(text) > depthMax) return null;
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** How deep brackets are nested, those in strings counted as well: nothing honest is near the limit, and what is deeper would fill the stack. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '{' || character === '[') deepest = Math.max(deepest, ++depth);
    else if (character === '}' || character === ']') depth--;
  }
  return deepest;
}

function usableTopic(topic: string | null, root: string): string | null {
  // Topic names of MQTT 5.0 section 4.7, without control characters (section 1.5.4) and the broker's own `$` topics.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (topic === null || topic === '' || topic.length > 256 || /[#+\u0000-\u001f\u007f-\u009f\ufffe\uffff]/.test(topic) || topic.startsWith('$')) return null;
  if (topic.startsWith(root) && !topic.startsWith(`${root}reply/`)) return null;
  // Another box's topics are its own, reply topics excepted.
  if (topic.startsWith('tandem/v1/') && topic.split('/')[3] !== 'reply') return null;
  return topic;
}

const plain = (data: Buffer): string | null => {
  const text = data.toString('latin1');
  return /^[\x20-\x7e]{1,128}$/.test(text) ? text : null;
};

/** Log lines and pages show it: no control characters. */
export const printable = (text: string): string => text.replace(/[^\p{L}\p{N} @._:-]/gu, '?');
