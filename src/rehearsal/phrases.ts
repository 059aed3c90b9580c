/** Faults as people say them: `pull eth`, `kill cam1`, `limit lte 800`, `freeze management`. Pure. */
import type { RehearsalFault, RehearsalFaultKind } from '../model/rehearsal.ts';

export const phrasesAllowed =
  'pull, silence or limit <path>; kill, lose or freeze <input>; freeze management; each without a name for the preferred one, limit with kbit/s behind it';

const onPath = { pull: 'pull-path', silence: 'silence-path' } as const;
const onInput = { kill: 'kill-encoder', lose: 'lose-input', freeze: 'freeze-input' } as const;

/** Null: it cannot be read. Whether there is such a path or input is not looked at. */
export function readPhrase(text: string): RehearsalFault | null {
  const [verb = '', ...words] = text.trim().split(/\s+/);
  const [name, amount] = words;
  if (Object.hasOwn(onPath, verb) && words.length <= 1) return { kind: onPath[verb as keyof typeof onPath], ...(name !== undefined && { path: name }) };
  if (verb === 'limit' && words.length <= 2) return readLimit(name, amount);
  if (verb === 'freeze' && name === 'management' && words.length === 1) return { kind: 'freeze-management' };
  if (Object.hasOwn(onInput, verb) && words.length <= 1) return { kind: onInput[verb as keyof typeof onInput], ...(name !== undefined && { input: name }) };
  return null;
}

function readLimit(name: string | undefined, amount: string | undefined): RehearsalFault | null {
  if (amount === undefined) return { kind: 'limit-path', ...(name !== undefined && { path: name }) };
  const kbps = /^(\d{3,6})(kbit)?$/.exec(amount)?.[1];
  return kbps === undefined ? null : { kind: 'limit-path', path: name as string, kbps: Number(kbps) };
}

type Sayings = { [K in RehearsalFaultKind]: (fault: Extract<RehearsalFault, { kind: K }>) => string };

const sayings: Sayings = {
  'pull-path': ({ path = 'the path' }) => `${path} pulled`,
  'silence-path': ({ path = 'the path' }) => `${path} silent`,
  'limit-path': ({ path = 'the path', kbps }) => `${path} limited${kbps === undefined ? '' : ` to ${kbps} kbit/s`}`,
  'kill-encoder': ({ input = 'the input' }) => `encoder of ${input} killed`,
  'lose-input': ({ input = 'the input' }) => `${input} lost`,
  'freeze-input': ({ input = 'the input' }) => `${input} hangs`,
  'freeze-management': () => 'management frozen',
};

/** What was done, in a few words: `eth pulled`. */
export function sayFault(fault: RehearsalFault): string {
  return (sayings[fault.kind] as (fault: RehearsalFault) => string)(fault);
}
