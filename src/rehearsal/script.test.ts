import { describe, expect, it } from 'vitest';
import { bondedRules, seenInput, seenPath, wellScene } from './made-scene.ts';
import { expectedMs, makePlan, type Plan, type Refusal } from './script.ts';

const plan = (...args: Parameters<typeof makePlan>): Plan => {
  const made = makePlan(...args);
  if ('reason' in made) throw new Error(made.text);
  return made;
};
const refusal = (...args: Parameters<typeof makePlan>): Refusal => {
  const made = makePlan(...args);
  if (!('reason' in made)) throw new Error(`not refused: ${made.steps.map(({ what }) => what)}`);
  return made;
};
const whats = ({ steps }: Plan): string[] => steps.map(({ what }) => what);

describe('the script', () => {
  it('is what a show meets first, unless all is asked for', () => {
    expect(whats(plan({}, wellScene, bondedRules))).toEqual(['eth pulled', 'encoder of cam killed', 'cam lost', 'management frozen']);
    expect(whats(plan({ script: 'all' }, wellScene, bondedRules))).toEqual([
      'eth pulled',
      'lte pulled',
      'eth silent',
      'lte silent',
      'eth limited to 2000 kbit/s',
      'encoder of cam killed',
      'cam lost',
      'management frozen',
    ]);
  });

  it('waits for as long as the latency and the hold-down take', () => {
    const made = plan({ faults: [{ kind: 'lose-input' }] }, wellScene, { ...bondedRules, latencyMs: 4000 });
    expect(made.restMs).toBe(5000);
    expect(made.steps[0]).toMatchObject({ target: { kind: 'input', id: 'cam' }, holdMs: 5000, backMsMax: 44_000 });
    expect(expectedMs(made, bondedRules)).toBe(5000 + 5000 + 3000 + 1000);
  });

  it('pulls the path that carries, where only one does', () => {
    const paths = [seenPath('eth'), seenPath('lte', { carries: false })];
    const rules = { ...bondedRules, holdsPackets: false };
    expect(whats(plan({ faults: [{ kind: 'pull-path' }] }, { ...wellScene, paths }, rules))).toEqual(['eth pulled']);
    const back = [seenPath('eth', { carries: false }), seenPath('lte')];
    expect(refusal({ faults: [{ kind: 'pull-path' }] }, { ...wellScene, paths: back }, rules)).toMatchObject({ reason: 'unsteady' });
  });

  it('leaves out what libsrt has in its own hands', () => {
    const made = plan({ script: 'all' }, wellScene, { ...bondedRules, holdsPackets: false, pullsPaths: false });
    expect(whats(made)).toEqual(['encoder of cam killed', 'cam lost', 'management frozen']);
    expect(made.leftOut.map(({ reason }) => reason)).toEqual(['unsupported', 'unsupported']);
    expect(refusal({ faults: [{ kind: 'silence-path', path: 'eth' }] }, wellScene, { ...bondedRules, holdsPackets: false }).text).toContain('not silenced');
  });
});

describe('nothing is broken', () => {
  const onePath = { ...wellScene, paths: [seenPath('eth')] };
  const oneCamera = { ...wellScene, inputs: [seenInput('cam')] };

  it('off the air, whatever is asked for', () => {
    expect(refusal({ force: true }, { ...wellScene, onAir: false }, bondedRules)).toMatchObject({ reason: 'no-uplink' });
  });

  it('that nothing else would carry the program instead of', () => {
    expect(refusal({ faults: [{ kind: 'pull-path' }] }, onePath, bondedRules)).toEqual({
      reason: 'no-spare',
      text: 'eth pulled: no other path would carry the program',
    });
    expect(refusal({ faults: [{ kind: 'kill-encoder' }] }, oneCamera, bondedRules)).toMatchObject({ reason: 'no-spare' });
    const made = plan({}, { ...onePath, inputs: oneCamera.inputs }, bondedRules);
    expect(whats(made)).toEqual(['management frozen']);
    expect(made.leftOut.map(({ what }) => what)).toEqual(['the path pulled', 'the encoder killed', 'the input lost'].map(() => expect.any(String)));
    expect(refusal({}, { ...onePath, inputs: oneCamera.inputs, management: false }, bondedRules)).toMatchObject({ reason: 'no-spare' });
  });

  it('unless somebody insists', () => {
    expect(whats(plan({ faults: [{ kind: 'pull-path' }], force: true }, onePath, bondedRules))).toEqual(['eth pulled']);
    expect(whats(plan({ force: true }, oneCamera, bondedRules)).length).toBe(4);
  });

  it('while something is broken already', () => {
    const lost = { ...wellScene, paths: [seenPath('eth'), seenPath('lte', { up: false, carries: false, reason: 'carrier-lost' })] };
    expect(refusal({}, lost, bondedRules)).toMatchObject({ reason: 'carrier-lost', text: expect.stringContaining('broken already: the path lte') });
    const frozen = { ...wellScene, inputs: [seenInput('cam'), seenInput('spare', { well: false, reason: 'frozen-picture' })] };
    expect(refusal({}, frozen, bondedRules)).toMatchObject({ reason: 'frozen-picture' });
    expect(refusal({}, { ...wellScene, input: null, shows: 'slate' }, bondedRules)).toMatchObject({ reason: 'no-input' });
    const unsettled = { ...wellScene, input: 'spare', shows: 'spare' };
    expect(refusal({}, unsettled, bondedRules)).toMatchObject({ reason: 'unsteady', text: expect.stringContaining('spare is on air instead of cam') });
    expect(whats(plan({}, unsettled, { ...bondedRules, returns: false })).length).toBe(4);
  });

  it('that a person has pinned', () => {
    expect(refusal({ faults: [{ kind: 'lose-input' }] }, { ...wellScene, pinned: 'cam' }, bondedRules)).toMatchObject({ reason: 'pinned' });
    expect(whats(plan({ faults: [{ kind: 'pull-path' }] }, { ...wellScene, pinned: 'cam' }, bondedRules))).toEqual(['eth pulled']);
  });

  it('that is not there', () => {
    expect(refusal({ faults: [{ kind: 'pull-path', path: 'sat' }] }, wellScene, bondedRules)).toMatchObject({
      reason: 'invalid',
      text: expect.stringContaining('eth, lte'),
    });
    expect(refusal({ faults: [{ kind: 'lose-input', input: 'cam9' }], force: true }, wellScene, bondedRules)).toMatchObject({ reason: 'invalid' });
    const cold = { ...wellScene, inputs: [seenInput('cam'), seenInput('spare', { well: false, spare: true, reason: 'stopped' })] };
    expect(refusal({ faults: [{ kind: 'lose-input', input: 'spare' }] }, cold, bondedRules)).toMatchObject({ reason: 'stopped' });
    // It is started when it is needed.
    expect(whats(plan({ faults: [{ kind: 'lose-input' }] }, cold, bondedRules))).toEqual(['cam lost']);
  });
});
