/** Makes docs/mqtt.md from the table of topics: `node src/control/mqtt-docs.ts --write` or `--check`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type TopicRow, topicTable } from '../model/mqtt-topics.ts';
import { reasonTexts } from '../model/reasons.ts';

export const mqttDocsPath = fileURLToPath(new URL('../../docs/mqtt.md', import.meta.url));

interface Schema {
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  additionalProperties?: Schema | boolean;
}

/** The whole document. */
export function mqttDocs(): string {
  return `${[intro, topicList(), conventions, ...topicTable.map(section), reasons()].join('\n\n')}\n`;
}

const intro = `<!-- Made by \`node src/control/mqtt-docs.ts --write\` from src/model/mqtt-topics.ts. Do not edit. -->

# MQTT

A box speaks MQTT 5 with the broker in \`control.mqtt\` (see docs/configuration.md), and falls back to MQTT 3.1.1 where the broker
knows nothing newer. All topics are below \`tandem/v1/<box>/\`, where \`<box>\` is \`control.mqtt.box\` or \`box.name\`; access
control by this prefix is enough to keep a box to its own topics. Payloads are JSON in UTF-8.`;

function topicList(): string {
  const rows = topicTable.map((row) => `| \`${row.topic}\` | ${row.from} | ${row.retained ? 'yes' : 'no'} | ${row.qos} | ${row.what} |`);
  return ['## Topics', '', '| topic | who writes | retained | QoS | what |', '|---|---|---|---|---|', ...rows].join('\n');
}

const conventions = `## How to use it

**Is it there?** Subscribe to \`status\`. The birth says \`online: true\`; a clean stop \`offline\`; when the connection breaks, the broker
sends the last will, \`lost\`, about 15 s later. A will whose \`session\` is not that of the last birth is late; the box then says its birth again.

**What is?** The \`state/…\` topics are retained: who subscribes knows everything at once. They are published when something changes
that a person would call news, and otherwise at most every 10 s. While \`available\` is false the media daemon does not answer,
and what stands there is its last word.

**What happened?** \`event\` carries each event at least once and in order. The box keeps what the broker has not acknowledged, over a
lost connection and over a restart. Drop an \`id\` that you have seen; \`session\` and \`seq\` tell even events of a box apart whose disk failed.

**Telemetry** comes each second, and thins out while the network is thin. Seconds that were not told come later as \`telemetry/missed\`.

**Networks.** The broker is called over the system's own route first; when that does not answer, over the interface of each path, the healthiest first, 4 s each. A connection over which nothing is acknowledged
for 8 s is given up, carrier or not. While a path stands in, an event \`mqtt.way\` says which and why, and the route is looked for after 30 s, then less and less often. Over a path with an allowance telemetry comes each 10 s, states without news each minute, and
\`telemetry/missed\` waits for another network; what MQTT uses does not count into the allowance. A path whose data is used up is not used.

**Pictures.** Ask with the command \`preview\`: JPEG pictures come on the topic \`preview\` until its time is over, and an event says how many came. A picture for which the network has no room,
while the program waits for it, is left out.

**Settings.** Write \`config/desired\`, retained, with a number above any before; \`config/reported\` says what became of it. What could cut the box off is \`pending\` until gateway and broker
were reached with it, and \`rolled-back\` if they are not in time. What is not an object of this form is answered on \`reply\` as \`config\`.

**Commands.** Write to \`cmd/<name>\`, never retained: a retained command is refused. Give a response topic and correlation data as MQTT 5
properties; clients of MQTT 3.1.1 put \`responseTopic\` and \`correlation\` into the payload instead (the properties win). The same
correlation from the same asker (\`by\`) twice within 10 minutes is done once and answered twice. A command may expire: by the message expiry
of MQTT 5, or by \`expiresAt\`. Commands are not kept for a box that is away. Every command is answered, on the response topic or
on \`reply\`; what is not valid is answered with \`ok: false\` and a \`reason\`. A response topic has no wildcards and at most 256 characters,
and below \`tandem/v1/\` only \`<box>/reply/…\` is allowed.

**Rehearsals.** \`cmd/rehearse\` is answered when it begins, with its id as \`rehearsal\`. Then come events whose subject is of the kind \`rehearsal\`, with the same id in \`measured.rehearsal\`: \`rehearsal.fault\`
to \`broken\` for each fault, and from \`broken\` to its verdict (\`passed\`, \`noticed\`, \`failed\`, \`stopped\`) with the figures in \`measured\`; \`rehearsal.state\` from \`running\` to the verdict on the whole. A fault without a name is of the
path that is preferred or of the input on air. The whole report is at \`/api/rehearsals\`.

With Mosquitto: \`mosquitto_rr -V 5 -t tandem/v1/box7/cmd/stop -e tandem/v1/box7/reply/desk -m '{"by":"anna"}'\`

**Access control** for Mosquitto, with client certificates whose common name is the box’s name (\`use_identity_as_username true\`):

\`\`\`
pattern readwrite tandem/v1/%u/#

user desk
topic readwrite tandem/v1/#
\`\`\``;

function section(row: TopicRow): string {
  if (row.schema === null) return [`## \`${row.topic}\``, '', row.what].join('\n');
  const schema = z.toJSONSchema(row.schema, { io: 'input', unrepresentable: 'any' }) as Schema;
  return [
    `## \`${row.topic}\``,
    '',
    row.what,
    '',
    '```json',
    JSON.stringify(row.example, null, 2),
    '```',
    '',
    '| field | type | what |',
    '|---|---|---|',
    ...fields(schema, ''),
  ].join('\n');
}

/** A row for each field, those inside objects and lists with their path. */
function fields(schema: Schema, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const optional = schema.required?.includes(name) ? '' : ' (optional)';
    const inner = innerObject(field);
    const path = `${prefix}${name}`;
    const row = `| \`${path}\`${optional} | ${typeText(field)} | ${field.description ?? ''} |`;
    return [
      row,
      ...(field.items?.oneOf ?? []).map((one) => kindRow(one, `${path}[]`)),
      ...(inner === null ? [] : fields(inner.schema, `${path}${inner.suffix}.`)),
    ];
  });
}

/** One of several forms that an entry may have, told apart by its `kind`. */
function kindRow({ properties = {} }: Schema, path: string): string {
  const { kind, ...others } = properties;
  const also = Object.keys(others).map((name) => `\`${name}\``);
  return `| \`${path}.kind\` ${typeText(kind ?? {})} | with ${also.join(', ') || 'nothing else'} | ${kind?.description ?? ''} |`;
}

function innerObject(field: Schema): { schema: Schema; suffix: string } | null {
  const one = field.anyOf?.find(({ type }) => type !== 'null') ?? field;
  if (one.properties) return { schema: one, suffix: '' };
  if (one.items?.properties) return { schema: one.items, suffix: '[]' };
  if (typeof one.additionalProperties === 'object' && one.additionalProperties.properties) return { schema: one.additionalProperties, suffix: '.*' };
  return null;
}

function typeText(field: Schema): string {
  if (field.anyOf) return field.anyOf.map(typeText).join(' or ');
  if (field.const !== undefined) return `\`${JSON.stringify(field.const)}\``;
  // The list of reasons stands once, at the end.
  if (field.enum) return field.enum.length > 12 ? '[reason](#reasons)' : field.enum.map((value) => `\`${value}\``).join(', ');
  if (field.oneOf) return 'objects of these kinds';
  if (field.type === 'array') return `list of ${typeText(field.items ?? {})}`;
  return [field.type ?? 'anything'].flat().join(' or ');
}

function reasons(): string {
  return [
    '## Reasons',
    '',
    'One closed list, shared by log, events, MQTT, API and page.',
    '',
    '| reason | means |',
    '|---|---|',
    ...Object.entries(reasonTexts).map(([name, text]) => `| \`${name}\` | ${text} |`),
  ].join('\n');
}

function main(verb: string | undefined): number {
  if (verb === '--write') {
    writeFileSync(mqttDocsPath, mqttDocs());
    return 0;
  }
  if (verb === '--check') {
    let there = '';
    try {
      there = readFileSync(mqttDocsPath, 'utf8');
    } catch {
      // Missing is out of date.
    }
    if (there === mqttDocs()) return 0;
    process.stderr.write('docs/mqtt.md is out of date: run node src/control/mqtt-docs.ts --write\n');
    return 1;
  }
  process.stderr.write('usage: node src/control/mqtt-docs.ts --write | --check\n');
  return 64;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv[2]);
