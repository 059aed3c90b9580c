/** What can be found out before a pipeline is built, so that the answer is a reason and not a puzzle. */
import { accessSync, constants } from 'node:fs';
import type { InputConfig, ProgramConfig } from '../../config/schema.ts';
import type { Reason } from '../../model/reasons.ts';
import { audioEncoders, type Choices, encoderCandidates } from '../pipelines/compose.ts';
import { type Failure, subject } from './explain.ts';
import { pictureProblem } from './picture-file.ts';
import { registryHas } from './registry.ts';

const reasons: Readonly<Record<string, Reason>> = { ENOENT: 'source-missing', EACCES: 'source-denied', EPERM: 'source-denied', ENXIO: 'source-missing' };

/** Null when the source's file or device can be opened for reading and is what it is said to be, or when it has none. */
export function missingSource(input: InputConfig): Failure | null {
  const file = 'path' in input ? (input.path ?? null) : 'device' in input ? input.device : null;
  if (file === null) return null;
  try {
    accessSync(file, constants.R_OK);
    const problem = input.kind === 'picture' ? pictureProblem(file) : null;
    return problem === null ? null : { reason: 'format-unsupported', text: `picture ${file} ${problem}` };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    const reason = reasons[code] ?? 'source-missing';
    return {
      reason,
      text: `${subject(input)}: ${reason === 'source-denied' ? 'may not be read; check the rights of the media daemon' : 'does not exist; check the cable, or the name in the configuration'}`,
    };
  }
}

/** After GStreamer was loaded. The first encoders of the preference lists that this machine's GStreamer registry really has. */
export function chooseEncoders(platform: string, program: ProgramConfig): Choices | Failure {
  const candidates = encoderCandidates(platform, program);
  const encoder = candidates.find(({ element }) => registryHas(element));
  if (encoder === undefined)
    return {
      reason: 'element-missing',
      text: `no ${program.codec} encoder: GStreamer has none of ${candidates.map(({ element }) => element).join(', ')}; tandem doctor names the package`,
    };
  const audioEncoder = audioEncoders.find(registryHas);
  if (audioEncoder === undefined)
    return { reason: 'element-missing', text: `no AAC encoder: GStreamer has none of ${audioEncoders.join(', ')}; install gstreamer1.0-libav` };
  return { encoder, audioEncoder };
}
