import { describe, expect, it } from 'vitest';
import { aptSourceLists } from './apt-sources.ts';

describe('the sources of source packages', () => {
  it('are those of the binary packages, options and keys kept', () => {
    const { oneLine, deb822 } = aptSourceLists([
      {
        file: '/etc/apt/sources.list',
        text: '# a comment\ndeb [signed-by=/k.gpg] http://mirror/debian bookworm main\ndeb-src http://mirror/debian bookworm main\n',
      },
      {
        file: '/etc/apt/sources.list.d/debian.sources',
        text: 'Types: deb\nURIs: http://mirror/debian\nSuites: bookworm\nComponents: main\n\nTypes: deb\nURIs: http://mirror/security\nSuites: s\n',
      },
    ]);
    expect(oneLine).toBe('deb-src [signed-by=/k.gpg] http://mirror/debian bookworm main\ndeb-src http://mirror/debian bookworm main\n');
    expect(deb822.match(/^Types: deb-src$/gm)).toHaveLength(2);
    expect(deb822).toMatch(/\n\nTypes/);
  });
  it('leave out what is switched off, and files that apt does not read', () => {
    const { oneLine, deb822 } = aptSourceLists([
      { file: '/etc/apt/sources.list.d/a.list.disabled', text: 'deb http://other x main' },
      { file: '/etc/apt/sources.list.d/b.sources', text: 'Types: deb\nEnabled: no\nURIs: http://other\n' },
      { file: '/etc/apt/sources.list', text: '#deb http://other x main' },
    ]);
    expect([oneLine, deb822]).toEqual(['', '']);
  });
});
