import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FatalError } from '../model/exit.ts';
import { type ConfigInput, configSchema } from './schema.ts';
import { schemaAt } from './schema-tree.ts';
import { mask, resolveSecrets, withoutSecrets } from './secrets.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-secrets-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function file(text: string): string {
  const path = join(directory, 'secret');
  writeFileSync(path, text);
  return path;
}

const config = (input: Partial<ConfigInput>) => configSchema.parse({ version: 1, ...input });
const destination = (more: object) => config({ paths: [{ id: 'a' }], destinations: [{ id: 'd', host: 'h', port: 1, ...more }] });

describe('secrets in files', () => {
  it('are the first line, without the white space around it', () => {
    const resolved = resolveSecrets(destination({ passphraseFile: file('  a passphrase of some length \r\nsecond line\n') }));
    expect(resolved.destinations[0]?.passphrase).toBe('a passphrase of some length');
  });

  it('yield to one that stands in the configuration', () => {
    const both = config({ control: { mqtt: { password: 'here', passwordFile: '/nowhere' } } });
    expect(resolveSecrets(both).control.mqtt.password).toBe('here');
  });

  it.each([
    ['a missing file', () => '/nonexistent/secret', /destinations\[0\]\.passphraseFile: \/nonexistent\/secret cannot be read: ENOENT/],
    ['an empty file', () => file('\nsecond\n'), /first line of .* is empty/],
    ['a passphrase that libsrt would refuse', () => file('too short\n'), /has 9 characters; an SRT passphrase has 10 to 79/],
  ])('%s is a mistake of a person, told without the secret', (_, path, found) => {
    const broken = destination({ passphraseFile: path() });
    expect(() => resolveSecrets(broken)).toThrow(FatalError);
    expect(() => resolveSecrets(broken)).toThrow(found);
    expect(() => resolveSecrets(broken)).not.toThrow(/too short/);
  });
});

describe('a configuration that is shown', () => {
  const secret = 'a-very-secret-word';
  const full = config({
    inputs: [
      { id: 'a', kind: 'srt', port: 1, passphrase: secret, streamId: secret },
      { id: 'b', kind: 'rtsp', url: 'rtsp://h/x', password: secret },
    ],
    paths: [{ id: 'a' }],
    destinations: [{ id: 'd', host: 'h', port: 1, passphrase: secret, streamId: secret }],
    control: { mqtt: { password: secret } },
    gateway: {
      passphrase: secret,
      streams: [{ id: 's', streamId: secret, outputs: [{ kind: 'srt', host: 'h', port: 1, passphrase: secret, streamId: secret }] }],
    },
  });

  it('holds no secret, and says where one is', () => {
    const shown = withoutSecrets(full);
    expect(JSON.stringify(shown)).not.toContain(secret);
    expect(JSON.stringify(shown).split(mask)).toHaveLength(11);
  });

  it('masks exactly what the schema calls secret', () => {
    const masked: string[][] = [];
    const walk = (value: unknown, path: (string | number)[]): void => {
      if (typeof value === 'object' && value !== null)
        for (const [name, inner] of Object.entries(value)) walk(inner, [...path, Array.isArray(value) ? Number(name) : name]);
      else if ((value === mask) !== (schemaAt(path, full)?.meta?.()?.secret === true)) masked.push(path.map(String));
    };
    walk(withoutSecrets(full), []);
    expect(masked).toEqual([]);
  });
});
