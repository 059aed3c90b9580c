/** Every launch line that can be composed is one that the real GStreamer understands. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { inputSchema, programSchema } from '../../src/config/schema.ts';
import { encoderTemplate, preferredEncoders } from '../../src/inputs/pipelines/catalogue.ts';
import { composeEncoded, composePassThrough, quote, templateName } from '../../src/inputs/pipelines/compose.ts';
import { everyInput } from '../../src/inputs/pipelines/every-input.ts';

interface Asked {
  launch: string;
  read: [element: string, property: string] | null;
}
type Answer = { value: unknown } | { error: string };

function parseLaunches(asked: Asked[]): Answer[] {
  const said = execFileSync(process.execPath, ['test/integration/parse-launch.ts'], {
    input: JSON.stringify(asked),
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(said.trim().split('\n').at(-1) as string) as Answer[];
}

interface Registry {
  platforms: string[];
  elements: Record<string, string[]>;
}

const folder = 'gst-pipelines/registries';
const registries = readdirSync(folder).map((name) => parse(readFileSync(`${folder}/${name}`, 'utf8')) as Registry);
const foreign: Record<string, string[]> = Object.assign({}, ...registries.map(({ elements }) => elements));

/** Elements that only other machines have become `decodebin` (which takes anything, and is linked later), once their properties were found in that machine's list. */
function withStandIns(launch: string): { launch: string; unknown: string[] } {
  const unknown: string[] = [];
  const replaced = launch.replace(/(?<=^|! |\] )([a-z0-9]+)((?: [\w-]+=(?:"(?:\\.|[^"\\])*"|[^ ]+))*)/g, (all, element: string, settings: string) => {
    const properties = foreign[element];
    if (properties === undefined) return all;
    const names = [...settings.matchAll(/ ([\w-]+)=(?:"(?:\\.|[^"\\])*"|[^ ]+)/g)].map(([, name]) => name as string);
    unknown.push(...names.filter((name) => name !== 'name' && !properties.includes(name)).map((name) => `${element} ${name}`));
    return `decodebin${/ name=\w+/.exec(settings)?.[0] ?? ''}`;
  });
  return { launch: replaced, unknown };
}

const program = programSchema.parse({});

describe.each(registries.flatMap(({ platforms }) => platforms))('on %s', (platform) => {
  it('every source with every preferred encoder parses', () => {
    const lines = everyInput.flatMap((input) =>
      preferredEncoders(platform).map((encoder) => {
        const choices = { encoder: encoderTemplate(encoder), audioEncoder: 'avenc_aac' };
        return {
          name: `${templateName(input)} × ${encoder}`,
          ...withStandIns(composeEncoded(input, { ...program, codec: choices.encoder.codec }, choices)),
        };
      }),
    );
    expect(lines.flatMap(({ unknown }) => unknown)).toEqual([]);
    const answers = parseLaunches(lines.map(({ launch }) => ({ launch, read: null })));
    const refused = answers.flatMap((answer, index) => ('error' in answer ? [`${lines[index]?.name}: ${answer.error}`] : []));
    expect(refused).toEqual([]);
    expect(answers.length).toBeGreaterThan(30);
  });
});

it('every stream that is passed through parses', () => {
  const inputs = everyInput.filter((input) => 'passThrough' in input).map((input) => ({ ...input, passThrough: true }));
  const answers = parseLaunches(inputs.map((input) => ({ launch: composePassThrough(input as never), read: null })));
  expect(answers.filter((answer) => 'error' in answer)).toEqual([]);
});

it('the check finds a property and an element that do not exist', () => {
  expect(withStandIns('videotestsrc ! nvv4l2h264enc name=venc bitrat=3 ! fakesink')).toEqual({
    launch: 'videotestsrc ! decodebin name=venc ! fakesink',
    unknown: ['nvv4l2h264enc bitrat'],
  });
  expect(parseLaunches([{ launch: 'videotestsrc patern=1 ! fakesink', read: null }])).toEqual([{ error: expect.stringContaining('patern') }]);
});

describe('a text of the configuration reaches its element as it is', () => {
  it('whatever it holds', () => {
    const launchSigns = fc.constantFrom('"', '\\', ' ! ', 'fakesink', ' ', "'", '(', ')', '=', '.', ':', ';', ',', 'name=out', '134', 'ü', '😀');
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.array(launchSigns, { maxLength: 8 }).map((parts) => parts.join('')),
    );
    const seed = Date.now() & 0xffff;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they become spaces
    const texts = fc.sample(text, { seed, numRuns: 400 }).map((one) => one.replace(/[\u0000-\u001f\u007f]/g, ' '));
    const answers = parseLaunches(
      texts.map((one) => ({
        launch: `videotestsrc ! timeoverlay name=probe text=${quote(one)} font-desc="Monospace 20" ! fakesink name="sink"`,
        read: ['probe', 'text'],
      })),
    );
    const wrong = texts.flatMap((one, index) => ((answers[index] as { value?: unknown }).value === one ? [] : [{ text: one, answer: answers[index] }]));
    expect(wrong, `seed ${seed}`).toEqual([]);
  });

  it('in every input that takes a free text', () => {
    const hostile = '" ! filesink location=/tmp/x name=y \\';
    const encoder = { encoder: encoderTemplate('x264'), audioEncoder: 'avenc_aac' };
    const inputs = [
      [{ id: 'a', kind: 'test', text: hostile }, 'timeoverlay0', 'text'],
      [{ id: 'a', kind: 'file', path: hostile }, 'filesrc0', 'location'],
      [{ id: 'a', kind: 'rtsp', url: `rtsp://h/${hostile.replaceAll(' ', '\u00a0')}`.replace(/\s/g, '!') }, 'net', 'location'],
    ] as const;
    const asked = inputs.map(([input, element, property]): Asked => {
      // The names that GStreamer makes count up within a process: each is given here.
      const launch = composeEncoded(inputSchema.parse(input), program, encoder).replace(/\b(timeoverlay|filesrc) /, `$1 name=${element} `);
      return { launch, read: [element, property] };
    });
    expect(parseLaunches(asked)).toEqual([{ value: hostile }, { value: hostile }, { value: inputs[2][0].url }]);
  });
});
