import { expect, test } from 'vitest';
import { toJavaScript, withoutComments } from './javascript.ts';

test('types go, lines stay, and what is named relatively is named as it is called then', () => {
  const source = [
    "import type { A } from './a.ts';",
    "import { b } from '../b.ts';",
    "const path = new URL('./worker/main.ts', import.meta.url);",
    "export const load = (one: A): Promise<unknown> => import('./c.ts');",
    "const file = 'recording.ts';",
  ].join('\n');
  const lines = toJavaScript(source).split('\n');
  expect(lines).toHaveLength(5);
  expect(lines[0]?.trim()).toBe('');
  expect(lines[1]).toContain("'../b.js'");
  expect(lines[2]).toContain("'./worker/main.js'");
  expect(lines[3]).toContain("import('./c.js')");
  expect(lines[3]).not.toContain('Promise<');
  expect(lines[4]).toContain("'recording.ts'");
});

test('comments go, lines stay, and what only looks like a comment stays', () => {
  const source = [
    '/** Two',
    ' * lines “here”. */',
    "const url = 'http://a/b'; // end",
    'const re = /[/*]/; /* one */',
    `const text = \`//\${/* in */ 1}/*\`;`,
    'return/**/url;',
  ].join('\n');
  const lines = withoutComments('a.cjs', `function f() {${source}}`).split('\n');
  expect(lines).toHaveLength(6);
  expect(lines.map((line) => line.trim())).toEqual([
    'function f() {',
    '',
    "const url = 'http://a/b';",
    'const re = /[/*]/;',
    `const text = \`//\${  1}/*\`;`,
    'return url;}',
  ]);
});

test('what cannot be parsed stays as it is', () => {
  expect(withoutComments('a.js', 'const = /* no */ 1;')).toBe('const = /* no */ 1;');
});
