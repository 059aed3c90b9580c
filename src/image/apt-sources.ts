/** Package sources of apt (sources.list(5)) turned into sources of source packages: pure text to text. */

export interface AptLists {
  /** One line a source, `deb-src …`. */
  oneLine: string;
  /** Stanzas with `Types: deb-src`. */
  deb822: string;
}

/** `files`: those of /etc/apt with their text. What is switched off, by its name, a comment or `Enabled: no`, stays off. */
export function aptSourceLists(files: readonly { file: string; text: string }[]): AptLists {
  const lines: string[] = [];
  const stanzas: string[] = [];
  for (const { file, text } of files) {
    if (file.endsWith('.list')) lines.push(...sourceLines(text));
    else if (file.endsWith('.sources')) stanzas.push(...sourceStanzas(text));
  }
  return { oneLine: [...new Set(lines)].map((line) => `${line}\n`).join(''), deb822: stanzas.join('\n') };
}

function sourceLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^deb(-src)?\s/.test(line))
    .map((line) => line.replace(/^deb(-src)?\s+/, 'deb-src '));
}

function sourceStanzas(text: string): string[] {
  return text
    .split(/\n\s*\n/)
    .filter((stanza) => /^Types:/im.test(stanza) && !/^Enabled:\s*(no|false|0)\b/im.test(stanza))
    .map((stanza) => `${stanza.replace(/^Types:.*$/im, 'Types: deb-src').trim()}\n`);
}
