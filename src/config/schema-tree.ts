/** Walks the configuration schema through zod's definitions; only the kinds that schema.ts uses are known here. */
import { configSchema } from './schema.ts';
import type { SettingMeta } from './setting.ts';

export interface AnySchema {
  def: {
    type: string;
    shape?: Record<string, AnySchema>;
    innerType?: AnySchema;
    element?: AnySchema;
    options?: AnySchema[];
    values?: unknown[];
    entries?: Record<string, string>;
    defaultValue?: unknown;
    discriminator?: string;
  };
  meta?(): (Partial<SettingMeta> & { description?: string }) | undefined;
  minValue?: number | null;
  maxValue?: number | null;
}

export const rootSchema = configSchema as unknown as AnySchema;

/** What stands within optional, default and prefault. */
export function unwrap(schema: AnySchema): { inner: AnySchema; byDefault: unknown; optional: boolean } {
  let inner = schema;
  let byDefault: unknown;
  let optional = false;
  while (inner.def.innerType !== undefined) {
    if (inner.def.type === 'default' || inner.def.type === 'prefault') byDefault = inner.def.defaultValue;
    if (inner.def.type === 'optional') optional = true;
    inner = inner.def.innerType;
  }
  return { inner, byDefault, optional };
}

/** The schema of the setting at `path` of the file's `value` (which tells the kind of an input or output), or null where there is none. */
export function schemaAt(path: readonly PropertyKey[], value: unknown): AnySchema | null {
  let schema: AnySchema | null = rootSchema;
  let here: unknown = value;
  for (const part of path) {
    if (schema === null) return null;
    const container = kindOf(unwrap(schema).inner, here);
    schema = container === null ? null : childOf(container, part);
    here = childValue(here, part);
  }
  return schema;
}

/** The keys that a map at `path` may have. */
export function keysAt(path: readonly PropertyKey[], value: unknown): string[] {
  const schema = schemaAt(path, value);
  if (schema === null) return [];
  const here = path.reduce(childValue, value);
  return Object.keys(kindOf(unwrap(schema).inner, here)?.def.shape ?? {});
}

/** Of a choice by kind, the one that `value` means. */
function kindOf(schema: AnySchema, value: unknown): AnySchema | null {
  const { discriminator, options } = schema.def;
  if (discriminator === undefined) return schema;
  const kind = childValue(value, discriminator);
  return options?.find((option) => option.def.shape?.[discriminator]?.def.values?.includes(kind)) ?? null;
}

function childOf({ def }: AnySchema, part: PropertyKey): AnySchema | null {
  if (typeof part === 'number') return def.element ?? null;
  const name = String(part);
  return def.shape !== undefined && Object.hasOwn(def.shape, name) ? (def.shape[name] as AnySchema) : null;
}

function childValue(value: unknown, part: PropertyKey): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, part) ? (value as Record<PropertyKey, unknown>)[part] : undefined;
}
