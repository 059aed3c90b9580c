/** `docs/configuration.md`, made from the schema, so that it cannot say anything else than what is checked. */

import { type AnySchema, rootSchema, unwrap } from './schema-tree.ts';
import type { SettingMeta } from './setting.ts';

interface Row {
  path: string;
  type: string;
  byDefault: string;
  applies: string;
  text: string;
}

interface Section {
  title: string;
  text: string;
  rows: Row[];
}

const appliesTexts: Record<SettingMeta['applies'], string> = {
  live: 'at once',
  input: 'the input restarts',
  reconnect: 'when a new session stands, made beside the old one',
  daemon: 'the daemon restarts',
};

export function configurationDocs(): string {
  const sections: Section[] = [];
  walk(rootSchema, '', { title: 'The file', text: '', rows: [] }, sections);
  const parts = sections
    .filter(({ rows }) => rows.length > 0)
    .map(({ title, text, rows }) => `## ${title}\n\n${text === '' ? '' : `${text}\n\n`}${table(rows)}`);
  return `# Configuration

One YAML file, \`/etc/tandem/tandem.yaml\` unless \`--config\` or \`TANDEM_CONFIG\` names another. \`tandem config check\` lists every mistake in it by
path and line; \`tandem config show\` prints it with all defaults and without secrets. This page is made from the schema
(\`tandem config docs --write\`); CI checks that it is up to date. Documented examples are in [examples](examples).

\`version\` is that of the format. A file of an older version is read as one of the newest; \`tandem config migrate\` writes it anew and keeps it as it was beside it (\`tandem.yaml.v1\`). Settings that came over MQTT or the page are
written anew by themselves, and kept in the same way, so that the other system slot can go back to them. A newer version than this release knows is refused.

${parts.join('\n\n')}
`;
}

function table(rows: Row[]): string {
  const lines = rows.map((row) => `| \`${row.path}\` | ${row.type} | ${row.byDefault} | ${row.applies} | ${row.text} |`);
  return ['| setting | value | default | a change applies | what it is |', '|---|---|---|---|---|', ...lines].join('\n');
}

function walk(schema: AnySchema, path: string, section: Section, sections: Section[]): void {
  const { inner } = unwrap(schema);
  if (inner.def.type === 'object') {
    const own = path === '' || section.rows.length > 0 ? { title: path === '' ? section.title : path, text: '', rows: [] } : section;
    if (!sections.includes(own)) sections.push(own);
    for (const [name, child] of Object.entries(inner.def.shape ?? {})) {
      const childPath = path === '' ? name : `${path}.${name}`;
      if (isContainer(child)) walk(child, childPath, { title: childPath, text: describe(child), rows: [] }, sections);
      else own.rows.push(row(childPath, child));
    }
    return;
  }
  if (inner.def.type === 'array') {
    const element = inner.def.element as AnySchema;
    return walk(element, `${path}[]`, { title: `${path}[]`, text: describe(schema), rows: [] }, sections);
  }
  if (inner.def.type === 'union') {
    for (const option of inner.def.options ?? []) {
      const kindSchema = option.def.shape?.kind;
      const kind = kindSchema?.def.values?.[0];
      const text = kindSchema?.meta?.()?.description ?? '';
      walk(option, path, { title: `${path} of kind ${kind}`, text, rows: [] }, sections);
    }
    return;
  }
}

function isContainer(schema: AnySchema): boolean {
  const { inner } = unwrap(schema);
  if (inner.def.type === 'object') return true;
  if (inner.def.type === 'array') return ['object', 'union'].includes(unwrap(inner.def.element as AnySchema).inner.def.type);
  return inner.def.type === 'union' && inner.def.discriminator !== undefined;
}

const describe = (schema: AnySchema): string => schema.meta?.()?.description ?? '';

function row(path: string, schema: AnySchema): Row {
  const { inner, byDefault, optional } = unwrap(schema);
  const meta = schema.meta?.() ?? {};
  const example = meta.example === undefined ? '' : ` Example: \`${JSON.stringify(meta.example)}\`.`;
  return {
    path,
    type: `${typeText(inner)}${meta.unit === undefined ? '' : ` ${meta.unit}`}`,
    byDefault: byDefault !== undefined ? `\`${JSON.stringify(byDefault)}\`` : optional ? 'none' : '**must be given**',
    applies: meta.applies === undefined ? '' : appliesTexts[meta.applies],
    text: `${meta.description ?? ''}${meta.secret === true ? ' **Secret.**' : ''}${example}`.replaceAll('|', '\\|'),
  };
}

function typeText(schema: AnySchema): string {
  const { def } = schema;
  if (def.type === 'enum')
    return Object.values(def.entries ?? {})
      .map((one) => `\`${one}\``)
      .join(', ');
  if (def.type === 'literal') return (def.values ?? []).map((one) => `\`${String(one)}\``).join(', ');
  if (def.type === 'union') return (def.options ?? []).map(typeText).join(', ');
  if (def.type === 'boolean') return '`true`, `false`';
  if (def.type === 'array') return `list of ${typeText(unwrap(def.element as AnySchema).inner)}`;
  if (def.type === 'number') {
    const low = schema.minValue ?? Number.NEGATIVE_INFINITY;
    const high = schema.maxValue ?? Number.POSITIVE_INFINITY;
    return Number.isFinite(low) && Number.isFinite(high) && Math.abs(low) < 1e15 && high < 1e15
      ? `${low} … ${high}`
      : Number.isFinite(low) && low > -1e15
        ? `at least ${low}`
        : 'number';
  }
  return 'text';
}
