/** Commands to the media daemon: what a person, a script or the cloud may ask for. */
import { z } from 'zod';
import { modes } from './modes.ts';
import { reasonSchema } from './reasons.ts';

export const commandSchema = z.discriminatedUnion('name', [
  z.object({ name: z.literal('start').describe('go on air') }),
  z.object({ name: z.literal('stop').describe('go off air: the program is no longer sent') }),
  z.object({
    name: z.literal('pin-input').describe('keep this input on air'),
    input: z.string().min(1).max(64),
    forMs: z
      .int()
      .min(1000)
      .max(7 * 86_400_000)
      .optional()
      .describe('the pin ends by itself after this long, milliseconds; without it, when it is taken back'),
  }),
  z.object({ name: z.literal('unpin-input').describe('let the engine choose again') }),
  z.object({ name: z.literal('restart-worker').describe('restart the encoder process of an input'), input: z.string().min(1).max(64) }),
  z.object({ name: z.literal('set-bitrate').describe('video bitrate until the next restart'), kbps: z.int().min(100).max(100_000) }),
  z.object({
    name: z.literal('set-mode').describe('how a destination is reached, until the next restart; the new way is made before the old one is given up'),
    destination: z.string().min(1).max(64),
    mode: z.enum(modes),
  }),
  z.object({ name: z.literal('key-frame').describe('ask the encoder on air for a key frame') }),
  z.object({
    name: z.literal('snapshot').describe('a JPEG of what is on air'),
    input: z.string().min(1).max(64).optional().describe('another input than the one on air'),
  }),
]);
export type Command = z.infer<typeof commandSchema>;
export type CommandName = Command['name'];

export const commandReplySchema = z.object({
  ok: z.boolean(),
  reason: reasonSchema,
  text: z.string(),
  jpegBase64: z.string().optional().describe('with `snapshot`'),
});
export type CommandReply = z.infer<typeof commandReplySchema>;
