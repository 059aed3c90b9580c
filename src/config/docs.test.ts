import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { configurationDocs } from './docs.ts';
import { parseConfig } from './load.ts';
import { type AnySchema, rootSchema, unwrap } from './schema-tree.ts';

it('docs/configuration.md says what the schema says', () => {
  expect(readFileSync('docs/configuration.md', 'utf8')).toBe(configurationDocs());
});

describe('every setting', () => {
  const settings: [string, AnySchema][] = [];
  const collect = (schema: AnySchema, path: string): void => {
    const { def } = unwrap(schema).inner;
    if (def.shape !== undefined) for (const [name, child] of Object.entries(def.shape)) collect(child, `${path}.${name}`);
    else if (def.element !== undefined && ['object', 'union'].includes(unwrap(def.element).inner.def.type)) collect(def.element, `${path}[]`);
    else if (def.discriminator !== undefined) for (const option of def.options ?? []) collect(option, path);
    else if (!path.endsWith('.kind')) settings.push([path.slice(1), schema]);
  };
  collect(rootSchema, '');

  it('is described and says when a change of it applies', () => {
    expect(settings.length).toBeGreaterThan(80);
    const lacking = settings.filter(([, schema]) => {
      const meta = schema.meta?.();
      return meta?.applies === undefined || (meta.description ?? '') === '';
    });
    expect(lacking.map(([path]) => path)).toEqual([]);
  });

  it('stands in docs/configuration.md', () => {
    const text = configurationDocs();
    expect(settings.filter(([path]) => !text.includes(`\`${path}\``)).map(([path]) => path)).toEqual([]);
  });

  it('of a number with a unit in its name has that unit', () => {
    const units: [RegExp, string][] = [
      [/Ms$/, 'ms'],
      [/Kbps$/, 'kbit/s'],
      [/Hz$/, 'Hz'],
      [/Bits$/, 'bit'],
      [/Seconds$/, 's'],
      [/Bytes$/, 'byte'],
    ];
    const wrong = settings.filter(([path, schema]) => units.some(([name, unit]) => name.test(path) && schema.meta?.()?.unit !== unit));
    expect(wrong.map(([path]) => path)).toEqual([]);
  });
});

describe('docs/examples', () => {
  it.each(readdirSync('docs/examples'))('%s is right', (name) => {
    const loaded = parseConfig(readFileSync(`docs/examples/${name}`, 'utf8'));
    expect(loaded.ok ? [] : loaded.mistakes).toEqual([]);
  });

  it('has one for each platform that prefers encoders of its own', () => {
    const platforms = readFileSync('gst-pipelines/platforms.yaml', 'utf8').match(/^[a-z0-9-]+(?=:)/gm) ?? [];
    const names = readdirSync('docs/examples').map((name) => name.replace('.yaml', ''));
    expect(platforms.map((one) => (one === 'generic' ? 'generic-x86' : one)).filter((one) => !names.includes(one))).toEqual([]);
  });
});
