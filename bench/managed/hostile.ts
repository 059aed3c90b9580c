/**
 * Random and hostile MQTT payloads, each with its reply. Valid ones that chance makes are left out, by the schemas themselves. Control runs with V8's flags
 * of a box as far as sources allow them: with the heap that Node takes on a desk, its resident memory would tell of free memory and not of what is held.
 */
import { monoMs } from '../../src/clock.ts';
import { seededRandom } from '../../src/lab/random.ts';
import type { BoxSnapshot } from '../../src/model/box.ts';
import { commandPayloads, type Reply } from '../../src/model/mqtt.ts';
import { topicTable } from '../../src/model/mqtt-topics.ts';
import { desiredSchema } from '../../src/model/settings.ts';
import { ControlWorld, until } from '../../test/integration/control-world.ts';
import { Mosquitto } from '../../test/integration/mqtt-world.ts';
import { residentMb } from './memory.ts';

const root = 'tandem/v1/box7/';
/** Of what is tried as a response topic, those that are allowed: the refusal goes there. */
const usableTopics = ['__proto__', '../../etc/passwd', 'ünï\ufffd'];
/** Not answered yet: what Mosquitto as it is installed keeps for a client that is slow is 1000. */
const aheadMax = 300;
/** After the last one; also for any 300 of them. */
const answerMsMax = 120_000;
/** `--lite-mode` of a box (src/image/bundle.ts) leaves WebAssembly out, by which Node reads TypeScript. */
const nodeFlags = ['--max-semi-space-size=1', '--optimize-for-size'];

export interface HostileFigures {
  sent: number;
  answered: number;
  accepted: number;
  applied: number;
  alive: boolean;
}

/** @param preparedMax of those that are well-formed changes of settings, which a process of its own checks. */
export async function hostile(payloads = 100_000, seed = 1, preparedMax = 40): Promise<HostileFigures> {
  const world = new ControlWorld();
  const mosquitto = new Mosquitto();
  try {
    await mosquitto.start();
    await world.media.start();
    world.start({ mqtt: { url: mosquitto.url, maxKbps: 100_000 } }, { nodeFlags });
    const watching = await mosquitto.watch([`${root}config/reported`]);
    await until('it lives', () => watching.seen.length > 0);
    let accepted = 0;
    // By their number; changes of settings have no correlation.
    const open = new Map<number, string>();
    let [desired, desiredAnswered] = [0, 0];
    const answered = (): number => sent - open.size - desired + desiredAnswered;
    let sent = 0;
    const replies = await mosquitto.watch([`${root}reply`, ...usableTopics]);
    replies.client.removeAllListeners('message');
    replies.client.on('message', (_topic, payload, { properties }) => {
      const reply = JSON.parse(payload.toString('utf8')) as Reply;
      if (reply.command === 'config') desiredAnswered++;
      else open.delete(Number(properties?.correlationData?.toString()));
      if (reply.ok) accepted++;
    });
    const before = residentMb(world.pid);
    const startMs = monoMs();
    const during: number[] = [];
    const make = hostilePayloads(seed, preparedMax, payloads);
    while (sent < payloads) {
      const { topic, payload } = make();
      const properties = { correlationData: Buffer.from(String(sent)) };
      if (topic === 'config/desired') desired++;
      else open.set(sent, `${topic} ${payload.toString().slice(0, 60)}`);
      watching.client.publish(`${root}${topic}`, payload, { qos: 1, ...(topic !== 'config/desired' && { properties }) });
      sent++;
      if (sent % 10_000 === 0) during.push(residentMb(world.pid));
      if (sent % 50 === 0) await until(`replies keep up (${answered()} of ${sent})`, () => answered() > sent - aheadMax, answerMsMax);
    }
    const lastMs = monoMs();
    // Who is not answered by then is counted as such.
    await until('all are answered', () => answered() >= payloads, answerMsMax).catch(() => undefined);
    const afterS = (monoMs() - lastMs) / 1000;
    if (answered() < payloads) console.log(`NOT ANSWERED: ${desired - desiredAnswered} settings, and ${[...open.values()].join('; ') || 'no command'}`);
    const status = await world.get<BoxSnapshot>('/api/status');
    const reported = watching.last<{ inForce: number }>(`${root}config/reported`);
    const figures = {
      sent: payloads,
      answered: answered(),
      accepted,
      applied: world.media.commands.length + (reported?.inForce ?? 0),
      alive: status.mqtt.state === 'connected',
    };
    console.log(
      `${payloads} payloads in ${((monoMs() - startMs) / 1000).toFixed(0)} s (seed ${seed}): ${figures.answered} answered, the last ${afterS.toFixed(1)} s after it was sent, ${accepted} of them with ok, ${figures.applied} applied; control ${figures.alive ? 'lives' : 'IS GONE'}, ` +
        `${before} MB resident before, ${during.join(' ')} each 10,000, ${residentMb(world.pid)} after`,
    );
    await Promise.all([watching.end(), replies.end()]);
    return figures;
  } finally {
    await world.stop();
    await mosquitto.stop();
  }
}

/** A generator of what is refused: rubbish, JSON that is not an object, and examples of the contract with something broken in them. */
export function hostilePayloads(seed: number, preparedMax: number, payloads: number): () => { topic: string; payload: string | Buffer } {
  const random = seededRandom(seed);
  const below = (end: number): number => Math.floor(random() * end);
  const rows = topicTable.filter(({ from }) => from === 'cloud');
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const strange: unknown[] = [
    null,
    -1,
    1e308,
    '',
    '\u0000',
    'a'.repeat(5000),
    {},
    [],
    true,
    '__proto__',
    { toString: 1 },
    [[[[]]]],
    '../../etc/passwd',
    'ünï\ud800',
  ];
  const names = ['__proto__', 'constructor', 'x', '%00', '..', 'START', 'ünï'];
  let [prepared, asked] = [0, 0];
  const one = (): { topic: string; payload: string | Buffer } => {
    const row = pick(rows);
    const topic = below(8) === 0 ? `cmd/${pick(names)}` : row.topic;
    switch (below(6)) {
      case 0:
        return { topic, payload: Buffer.from(Array.from({ length: below(200) + 1 }, () => below(256))) };
      case 1:
        return { topic, payload: pick(['null', '"stop"', '1', '[]', '{', '{"a":', '['.repeat(3000), `{"a":${'{"a":'.repeat(200)}1${'}'.repeat(201)}`]) };
      case 2: {
        // One byte of an honest message is another one.
        const bytes = Buffer.from(JSON.stringify(row.example));
        bytes[below(bytes.length)] = below(256);
        return { topic, payload: bytes };
      }
      case 3:
        return {
          topic,
          payload: JSON.stringify({
            ...(row.example as object),
            [pick([...names, 'by', 'correlation', 'expiresAt', 'responseTopic', 'rev', 'doc'])]: pick(strange),
          }),
        };
      case 4:
        return { topic, payload: JSON.stringify(Object.fromEntries(Object.keys(row.example as object).map((key) => [key, pick(strange)]))) };
      default:
        return { topic, payload: `{"__proto__":${JSON.stringify(row.example)},"z":1}` };
    }
  };
  return () => {
    asked++;
    for (;;) {
      const made = one();
      const value = json(made.payload);
      if (made.topic === 'config/desired') {
        // An empty one means that nothing is wanted. A well-formed one is refused by what is in it: its number is its own, so that it is new.
        if (made.payload.length === 0 || !desiredSchema.safeParse(value).success) {
          if (made.payload.length > 0) return made;
          continue;
        }
        // Evenly over the run: each takes a process.
        if (prepared >= (preparedMax * asked) / payloads) continue;
        prepared++;
        return {
          topic: made.topic,
          payload: JSON.stringify({ rev: 1000 + prepared, patch: { [pick(names)]: pick(strange), program: { videoKbps: -prepared } } }),
        };
      }
      const schema = Object.hasOwn(commandPayloads, made.topic.slice(4)) ? commandPayloads[made.topic.slice(4)] : undefined;
      if (schema === undefined || !schema.safeParse(value).success) return made;
    }
  };
}

function json(payload: string | Buffer): unknown {
  if (payload.length === 0) return {};
  try {
    return JSON.parse(payload.toString());
  } catch {
    return undefined;
  }
}
