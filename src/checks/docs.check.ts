/** What the documents say is held against what is there. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const documents = [
  'README.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name)),
  'gst-pipelines/README.md',
  'yocto-layer/README.md',
].filter((file) => file.endsWith('.md') && existsSync(file));

/** Commands that the README may show, and the test that runs each. */
const testedCommands: [RegExp, string][] = [
  [/^npm start/, 'test/integration/readme.test.ts'],
  [/^npm test$/, '.ci/run'],
  [/^npm run check$/, 'vitest.config.ts'],
  [/^npm run bench -- sender$/, 'test/integration/readme.test.ts'],
  [/^\.\/tandem (doctor|gateway|run|status|config)( |$)/, 'test/integration/readme.test.ts'],
  [/^git clone /, '.ci/run'],
  [/^cd /, '.ci/run'],
];

describe.each(documents)('%s', (document) => {
  const text = readFileSync(document, 'utf8');

  it('links only to what is there', () => {
    const links = [...text.matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)].map(([, target]) => target as string).filter((target) => !/^[a-z]+:/.test(target));
    expect(links.filter((target) => !existsSync(join(dirname(document), target)))).toEqual([]);
  });

  it('names only files that are there', () => {
    const names = [...text.matchAll(/`((?:src|test|bench|docs|gst-pipelines|systemd|yocto-layer|hardware-tests)\/[\w./-]+)`/g)].map(
      ([, name]) => name as string,
    );
    expect(names.filter((name) => !existsSync(name))).toEqual([]);
  });

  it('holds no path of a person’s machine', () => {
    expect(text).not.toMatch(/\/(home|Users|work)\/[a-z]/);
  });
});

it('every command of the README is run by a test', () => {
  const blocks = [...readFileSync('README.md', 'utf8').matchAll(/```(?:sh|console)\n([\s\S]*?)```/g)].map(([, block]) => block as string);
  const commands = blocks
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '');
  const untested = commands.filter((command) => !testedCommands.some(([pattern, by]) => pattern.test(command) && existsSync(by)));
  expect(untested).toEqual([]);
});

it.each([
  ['docs/configuration.md', ['src/main.ts', 'config', 'docs', '--check']],
  ['docs/mqtt.md', ['src/control/mqtt-docs.ts', '--check']],
])('%s says what the schemas say', (_, args) => {
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
});
