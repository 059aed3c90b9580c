/** Reads the pipeline templates in `gst-pipelines/`. They ship with the program: a broken one is a broken build, and throws. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

const folder = fileURLToPath(new URL('../../../gst-pipelines', import.meta.url));

export const sourceTemplateSchema = z.strictObject({
  description: z.string(),
  needs: z.array(z.string()),
  source: z.string().optional(),
  video: z.string(),
  audio: z.string().optional(),
  mixSilence: z.boolean().default(false),
  countArrivals: z.boolean().default(false),
  passThrough: z.string().optional(),
});
export type SourceTemplate = z.infer<typeof sourceTemplateSchema>;

export const encoderTemplateSchema = z.strictObject({
  description: z.string(),
  codec: z.enum(['h264', 'h265']),
  element: z.string(),
  launch: z.string(),
  bitrate: z.strictObject({ property: z.string(), unit: z.enum(['kbit', 'bit', 'controls']) }),
  input: z.string(),
});
export type EncoderTemplate = z.infer<typeof encoderTemplateSchema> & { name: string };

export function sourceTemplate(name: string): SourceTemplate {
  return sourceTemplateSchema.parse(read('sources', name));
}

export function encoderTemplate(name: string): EncoderTemplate {
  return { name, ...encoderTemplateSchema.parse(read('encoders', name)) };
}

export const sourceNames = (): string[] => names('sources');
export const encoderNames = (): string[] => names('encoders');

/** Encoders in order of preference; an unknown platform is a generic one. */
export function preferredEncoders(platform: string): string[] {
  const platforms = z.record(z.string(), z.array(z.string())).parse(parse(readFileSync(join(folder, 'platforms.yaml'), 'utf8')));
  return platforms[platform] ?? (platforms.generic as string[]);
}

const names = (kind: string): string[] => readdirSync(join(folder, kind)).map((file) => basename(file, '.yaml'));
const read = (kind: string, name: string): unknown => parse(readFileSync(join(folder, kind, `${name}.yaml`), 'utf8'));
