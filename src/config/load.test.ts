import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeMistakes, type Mistake, parseConfig } from './load.ts';

function mistakes(text: string): Mistake[] {
  const loaded = parseConfig(text);
  return loaded.ok ? [] : loaded.mistakes;
}

/** `line path: text`, one a mistake. */
const said = (text: string): string[] => mistakes(text).map((one) => `${one.line} ${one.path}: ${one.text}`);

describe('a right configuration', () => {
  it('may be as short as its version, and gets every default', () => {
    const loaded = parseConfig('version: 1\n');
    expect(loaded.ok && loaded.config.program).toMatchObject({ width: 1280, height: 720, fps: 30, codec: 'h264', videoKbps: 4000 });
  });

  it('cannot be changed afterwards', () => {
    const loaded = parseConfig('version: 1\ninputs:\n  - id: a\n    kind: test\n');
    expect(() => Object.assign((loaded as { config: object }).config, { version: 2 })).toThrow(TypeError);
  });
});

describe('mistakes in a configuration', () => {
  it('are told all at once, by line, in the order of the file', () => {
    const text = `version: one
box:
  name: Box
inputs:
  - id: cam
    kind: srt
    port: 70000
    latencyMs: 1.5
    keyLengthBits: 100
  - id: cam2
    kind: tset
  - id: cam3
program:
  width: 1281
  fps: many
  codec: h266
  passStreams:
    - {}
gateway:
  streams: []
`;
    expect(said(text)).toEqual([
      '1 version: must be 1 (it is "one")',
      '3 box.name: use lower-case letters, digits, - and _, at most 32, starting with a letter or digit (it is "Box")',
      '7 inputs[0].port: must be at most 65535 (it is 70000)',
      '8 inputs[0].latencyMs: must be a whole number (it is 1.5)',
      '9 inputs[0].keyLengthBits: must be one of 128, 192, 256 (it is 100)',
      '11 inputs[1].kind: must be one of test, picture, file, v4l2, libcamera, argus, hdmi-csi, srt, udp, rtmp, rtsp: did you mean test?',
      '12 inputs[2].kind: must be given: test, picture, file, v4l2, libcamera, argus, hdmi-csi, srt, udp, rtmp, rtsp',
      '14 program.width: must be a multiple of 2 (it is 1281)',
      '15 program.fps: must be a number (it is "many")',
      '16 program.codec: must be one of h264, h265: did you mean h264? (it is "h266")',
      '18 program.passStreams[0]: give streamType, pid or both',
      '20 gateway.streams: must have at least 1 entry',
    ]);
  });

  it('in a number are told with its unit', () => {
    expect(said('version: 1\nprogram: { videoKbps: 3 }\n')).toEqual(['2 program.videoKbps: must be at least 200 kbit/s (it is 3)']);
  });

  it.each([
    ['program: { widht: 3 }', 'did you mean width?'],
    ['inputs: [{ id: a, kind: test, tonehz: 3 }]', 'did you mean toneHz?'],
    ['inputs: [{ id: a, kind: srt, port: 9, passprase: x }]', 'did you mean passphrase?'],
    ['control: { mqtt: { usr: x } }', 'did you mean user?'],
    ['paths: [{ id: a, via: { host: b, prot: 3 } }]', 'did you mean port?'],
    ['gateway: { streams: [{ id: a, outputs: [{ kind: file, dirctory: /x }] }] }', 'did you mean directory?'],
    ['pahts: []', 'did you mean paths?'],
    ['camera: 1', 'there is no setting camera here: remove it'],
  ])('%s: %s', (line, text) => {
    expect(said(`version: 1\n${line}\n`).join('\n')).toContain(text);
  });

  it('an id that is used twice', () => {
    expect(said('version: 1\npaths:\n  - id: a\n  - id: a\n')).toEqual(['4 paths[1].id: the id a is used twice']);
  });

  it.each([
    ['version: 1\nversion: 1\n', /unique/],
    ['version: &one 1\nbox: *one\n', /aliases/],
    ['version: 1\n  box: {}\n', /not valid YAML/],
    ['', /map of settings/],
    ['- 1\n', /map of settings/],
    ['version: 1\ninputs:\n', /must be a list .*it is empty/],
  ])('of the file as a whole: %j', (text, found) => {
    expect(said(text).join('\n')).toMatch(found);
  });

  it('name file, line and column as editors understand them', () => {
    expect(describeMistakes('box.yaml', mistakes('version: 1\nprogram:\n  fps: 0\n'))).toMatch(
      /a mistake:\n {2}box\.yaml:3:3 program\.fps: must be at least 1 /,
    );
  });
});

describe('whatever the text', () => {
  const words = fc.constantFrom(
    'version: 1',
    'inputs:',
    '  - ',
    'id: a',
    'kind: srt',
    'port: 9',
    '  ',
    '\n',
    '{',
    '}',
    '[',
    ']',
    ': ',
    '&a',
    '*a',
    '!!x',
    '"',
    '<<',
  );

  it('it is a configuration or a list of mistakes, never an exception', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(words, { maxLength: 40 }).map((parts) => parts.join('')),
      fc.json().map((json) => `{"version": 1, "inputs": ${json}, "program": ${json}}`),
    );
    fc.assert(
      fc.property(text, (one) => {
        const loaded = parseConfig(one);
        for (const { line, column, text } of loaded.ok ? [] : loaded.mistakes) {
          expect(line).toBeGreaterThan(0);
          expect(column).toBeGreaterThan(0);
          expect(text).not.toBe('');
        }
      }),
      { numRuns: 500 },
    );
  });

  it('no secret is repeated in a mistake', () => {
    const secret = 'S3cr3t-of-the-show';
    const places = [
      `destinations: [{ id: a, host: h, port: 1, passphrase: ${secret}${'x'.repeat(80)} }]`,
      `destinations: [{ id: a, host: h, port: 1, passphrase: [${secret}] }]`,
      `destinations: [{ id: a, host: h, port: 1, streamId: { a: ${secret} } }]`,
      `destinations: [{ id: a, host: h, port: 1, pass: ${secret} }]`,
      `inputs: [{ id: a, kind: rtsp, url: "http://user:${secret}@camera/x" }]`,
      `control: { mqtt: { url: "amqp://user:${secret}@broker" } }`,
      `control: { mqtt: { password: *${secret} } }`,
      `control: { mqtt: { password: ${secret}: x } }`,
      `control: { mqtt: { password: "${secret} } }`,
      `gateway: { passphrase: !!int ${secret}, streams: [] }`,
    ];
    for (const place of places) {
      const found = mistakes(`version: 1\n${place}\n`);
      expect(found, place).not.toEqual([]);
      expect(describeMistakes('box.yaml', found)).not.toContain(secret);
    }
  });
});
