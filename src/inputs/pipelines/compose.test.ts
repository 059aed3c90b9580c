import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inputSchema, programSchema } from '../../config/schema.ts';
import { encoderNames, encoderTemplate, preferredEncoders, sourceNames, sourceTemplate } from './catalogue.ts';
import { composeEncoded, composePassThrough, encoderCandidates, fill, quote, templateName } from './compose.ts';
import { everyInput } from './every-input.ts';

const program = programSchema.parse({});

describe('a launch line', () => {
  const pairs = everyInput.flatMap((input) => encoderNames().map((encoder) => ({ name: `${templateName(input)} × ${encoder}`, input, encoder })));

  it.each(pairs)('of $name has all that the worker talks to', ({ input, encoder }) => {
    const line = composeEncoded(input, program, { encoder: encoderTemplate(encoder), audioEncoder: 'avenc_aac' });
    for (const name of ['venc', 'vparse', 'level', 'grey', 'preview', 'previewvalve', 'out'])
      expect(line.match(new RegExp(`name=${name}( |$)`, 'g')), name).toHaveLength(1);
    expect(line).not.toMatch(/\{\w+(:raw)?\}|undefined|NaN/);
  });

  it('is made for every template that there is', () => {
    expect(new Set(everyInput.map(templateName))).toEqual(new Set(sourceNames()));
  });

  it('of a stream that is passed through holds no encoder', () => {
    const input = inputSchema.parse({ id: 'a', kind: 'udp', port: 5004, passThrough: true });
    expect(composePassThrough(input)).toMatch(/^udpsrc .* ! fdsink name=out fd=3 /);
  });

  it('holds no secret', () => {
    const secret = 'a-very-secret-word';
    const inputs = [
      inputSchema.parse({ id: 'a', kind: 'srt', port: 1, passphrase: secret, streamId: secret }),
      inputSchema.parse({ id: 'a', kind: 'rtsp', url: 'rtsp://h/x', user: secret, password: secret }),
    ];
    for (const input of inputs) expect(composeEncoded(input, program, { encoder: encoderTemplate('x264'), audioEncoder: 'a' })).not.toContain(secret);
  });
});

describe('the encoders of a platform', () => {
  it('begin with its hardware, and always end in software', () => {
    expect(encoderCandidates('jetson-orin', { codec: 'h264', encoder: 'auto' }).map(({ element }) => element)).toEqual(['nvv4l2h264enc', 'x264enc']);
    expect(encoderCandidates('raspberrypi4', { codec: 'h264', encoder: 'auto' }).map(({ element }) => element)).toEqual(['v4l2h264enc', 'x264enc']);
    expect(encoderCandidates('jetson-orin', { codec: 'h265', encoder: 'nvenc' }).map(({ element }) => element)).toEqual(['nvv4l2h265enc']);
  });

  it('of one that nobody knows are those of a generic machine', () => {
    expect(preferredEncoders('toaster')).toEqual(preferredEncoders('generic'));
  });
});

describe('a value of the configuration', () => {
  it('stays one quoted word, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        // Neither form can hold what ends it.
        expect(quote(value)).toMatch(/^(?:"[^"\\\p{Cc}]*"|"\\"(?:[A-Za-z0-9]|\\\\[0-3][0-7]{2})*\\"")$/u);
      }),
    );
  });

  it('is not read as a template', () => {
    expect(fill('a={a} b={b:raw}', { a: '{b} $& $1', b: 3 })).toBe('a="{b} $& $1" b=3');
  });

  it('goes unquoted only where it is a number, or a word that the composer makes', () => {
    const made = ['kbps', 'bps', 'keyFrames', 'wave', 'keyLength', 'protocols', 'caps'];
    const numbers = ['width', 'height', 'fps', 'toneHz', 'port', 'latencyMs', 'sensor'];
    const templates = [...sourceNames().map(sourceTemplate), ...encoderNames().map(encoderTemplate)].map((one) => JSON.stringify(one)).join();
    const raw = new Set([...templates.matchAll(/\{(\w+):raw\}/g)].map(([, name]) => name as string));
    expect([...raw].filter((name) => ![...made, ...numbers].includes(name))).toEqual([]);
    for (const input of everyInput)
      for (const [name, value] of Object.entries({ ...program, ...input })) if (numbers.includes(name)) expect(typeof value).toBe('number');
  });

  it('that a template wants and the input has not is a broken template', () => {
    expect(() => fill('{nothing}', {})).toThrow(/wants \{nothing\}/);
  });
});
