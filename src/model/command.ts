/** Commands to the media daemon: what a person, a script or the cloud may ask for. */
import { z } from 'zod';
import { modes } from './modes.ts';
import { reasonSchema } from './reasons.ts';
import { rehearsalFaultSchema, rehearsalFaultsMax } from './rehearsal.ts';

const pinForMs = z
  .int()
  .min(1000)
  .max(7 * 86_400_000)
  .optional()
  .describe('the pin ends by itself after this long, milliseconds; without it, when it is taken back');

export const commandSchema = z.discriminatedUnion('name', [
  z.object({ name: z.literal('start').describe('go on air') }),
  z.object({ name: z.literal('stop').describe('go off air: the program is no longer sent') }),
  z.object({
    name: z.literal('pin-input').describe('keep this input on air'),
    input: z.string().min(1).max(64),
    forMs: pinForMs,
  }),
  z.object({ name: z.literal('unpin-input').describe('let the engine choose again') }),
  z.object({
    name: z.literal('pin-path').describe('keep the program on this path while it works; the others are kept ready'),
    path: z.string().min(1).max(64),
    forMs: pinForMs,
  }),
  z.object({ name: z.literal('unpin-path').describe('use all paths again, as the mode does') }),
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
  z.object({
    name: z
      .literal('rehearse')
      .describe(
        'break things on purpose, one after another, while on air, and measure what viewers would notice; the reply says that it began, events say how it goes',
      ),
    script: z
      .enum(['short', 'all'])
      .optional()
      .describe('without faults: the four that a show meets first (short, the usual one), or all that no viewer should notice'),
    faults: z.array(rehearsalFaultSchema).min(1).max(rehearsalFaultsMax).optional().describe('instead of a script'),
    force: z.boolean().optional().describe('also what viewers will notice, since nothing else would carry the program'),
  }),
  z.object({ name: z.literal('stop-rehearsal').describe('end the rehearsal at once; all is put back') }),
  z.object({
    name: z.literal('set-log-level').describe('how much a daemon logs, until its next restart'),
    daemon: z.enum(['media', 'control']),
    level: z.enum(['trace', 'debug', 'info', 'warn', 'error']),
  }),
]);
export type Command = z.infer<typeof commandSchema>;
export type CommandName = Command['name'];

/** Commands that the control daemon performs itself. */
export const boxCommandSchema = z.discriminatedUnion('name', [
  z.object({ name: z.literal('confirm-settings').describe('settings on trial are well: keep them') }),
  z.object({
    name: z
      .literal('collect-diagnostics')
      .describe('pack what helps to find a fault into a file on the box, without secrets; the page has it at /api/diagnostics'),
  }),
  z.object({ name: z.literal('test-webhook').describe('send a test to a webhook'), webhook: z.string().min(1).max(64).describe('its id') }),
  z.object({
    name: z.literal('preview').describe('send pictures on the topic `preview` for a while; a new request takes the place of the one before'),
    forSeconds: z.int().min(0).max(600).default(30).describe('then it ends by itself; 0: now'),
    everySeconds: z.int().min(1).max(60).default(2).describe('a picture this often at most'),
    input: z.string().min(1).max(64).optional().describe('another input than the one on air'),
  }),
  z.object({
    name: z
      .literal('update')
      .describe(
        'install a signed bundle into the other slot; it is used after the next reboot. It is read block by block: the server must answer range requests',
      ),
    url: z
      .string()
      .max(1024)
      .regex(/^https?:\/\/[^\s"'\\]+$/, 'use an https:// address'),
  }),
  z.object({ name: z.literal('reboot').describe('start the box anew: the program is off air meanwhile') }),
]);
export type BoxCommand = z.infer<typeof boxCommandSchema>;
export type BoxCommandName = BoxCommand['name'];

/** Everything that may be asked for, whichever daemon does it. */
export const anyCommandSchema = z.discriminatedUnion('name', [...commandSchema.options, ...boxCommandSchema.options]);
export type AnyCommand = z.infer<typeof anyCommandSchema>;

export const commandReplySchema = z.object({
  ok: z.boolean(),
  reason: reasonSchema,
  text: z.string(),
  jpegBase64: z.string().optional().describe('with `snapshot`'),
  rehearsal: z.string().optional().describe('with `rehearse`: its id'),
});
export type CommandReply = z.infer<typeof commandReplySchema>;
