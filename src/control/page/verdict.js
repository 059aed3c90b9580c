/** What a person should know in two seconds: whether viewers get a good picture and, if not, why. Pure. */

/** As the media daemon names it in `program.input`. */
const slate = 'slate';
const broken = ['degraded', 'waiting', 'failed'];

/**
 * @param reasons the closed list's sentences.
 * @param droppedLately packets that SRT gave up in the last seconds: too late for the far end.
 * @returns title, tone (good, warn: viewers notice nothing yet, bad: they do, idle, unknown), one sentence, and what is wrong, one by one.
 */
export function verdict(box, reasons, droppedLately = 0) {
  const { status, media } = box;
  if (media.state !== 'connected' || status === null) return { title: 'Not known', tone: 'unknown', why: media.text, but: [] };
  const { program } = status;
  const titles = { starting: ['Starting', 'unknown'], 'off-air': ['Off air', 'bad'], stopped: ['Stopped', 'idle'] };
  if (program.state !== 'on-air') {
    const [title, tone] = titles[program.state] ?? [program.state, 'unknown'];
    return { title, tone, why: program.text, but: program.state === 'off-air' ? reserve(status, reasons) : [] };
  }
  const but = reserve(status, reasons);
  const input = program.input ?? slate;
  if (input === slate) return { title: 'Slate', tone: 'bad', why: 'viewers see the slate: no input works', but };
  const shown = status.inputs.find(({ id }) => id === input);
  if (shown?.state === 'degraded') return { title: 'On air', tone: 'bad', why: `viewers get ${input}, but ${reasons[shown.reason] ?? shown.reason}`, but };
  if (droppedLately > 0)
    return { title: 'On air', tone: 'bad', why: `viewers get ${input} with damage: ${droppedLately} packets came too late in the last 10 s`, but };
  if (but.length === 0) return { title: 'On air', tone: 'good', why: `viewers get a good picture from ${input}`, but };
  return { title: 'On air', tone: 'warn', why: `viewers get a good picture from ${input}, but not all is well`, but };
}

/** What no longer stands ready, or is not as it was wanted. */
function reserve({ program, inputs, paths }, reasons) {
  const but = [];
  const wanted = inputs.filter(({ state }) => state !== 'off');
  const preferred = program.pinned ?? wanted[0]?.id ?? null;
  for (const { id, state, text } of wanted) {
    if (id === program.input) continue;
    const instead = id === preferred && program.state === 'on-air' ? `${program.input ?? 'nothing'} is shown instead of ${id}` : null;
    if (broken.includes(state)) but.push(`${instead ?? `${id} does not work`}: ${text.startsWith(`${id}: `) ? text.slice(id.length + 2) : text}`);
    else if (instead !== null && state === 'running') but.push(`${instead}, which works`);
  }
  for (const pin of [program.pin, program.pathPin]) if (pin && pin.reason !== 'pinned') but.push(pin.text);
  for (const path of paths)
    if ((path.destination === program.destination || program.destination === null) && path.state !== 'up')
      but.push(`${path.id} is ${path.state}: ${reasons[path.reason] ?? path.reason}`);
  return but;
}
