/** The rehearsal on the page: what to break, how it goes, and what the last one found. Only text goes into the page. */
import { $, keyed, make, setText } from './dom.js';

const tones = { passed: 'good', noticed: 'warn', failed: 'bad', stopped: 'idle', 'left out': 'idle' };

export class RehearsalView {
  /** @param start called with the arguments of the command. @param stop ends what runs. */
  constructor(start, stop) {
    this.running = null;
    this.wanted = {};
    /** Asked for by one name each; the newest status says which. */
    this.choices = new Map();
    $('rehearse').addEventListener('click', () => {
      this.wanted = this.choices.get($('rehearsal-what').value) ?? {};
      setText($('break-what'), $('rehearsal-what').selectedOptions[0]?.textContent ?? '');
      const hangs = this.wanted.faults?.some(({ kind }) => kind === 'freeze-input');
      setText($('break-but'), hangs ? 'Viewers will see the picture stand still until its watch calls it.' : 'Viewers should notice nothing.');
      $('break').showModal();
    });
    $('break').addEventListener('close', () => {
      if ($('break').returnValue === 'yes') start(this.wanted);
      $('break').returnValue = 'no';
    });
    $('stop-rehearsal').addEventListener('click', stop);
  }

  draw({ status, media }) {
    const known = media.state === 'connected' && status !== null;
    const running = known ? (status.rehearsal ?? null) : null;
    // One that has just ended has left a report.
    if (this.running !== null && running === null) setTimeout(() => void this.load(), 500);
    this.running = running;
    this.drawChoices(status);
    $('rehearse').disabled = !known || running !== null || status.program.state !== 'on-air';
    $('rehearsal-what').disabled = $('rehearse').disabled;
    $('stop-rehearsal').hidden = running === null;
    $('rehearsal-now').hidden = running === null;
    if (running === null) {
      setText($('rehearsal-now'), '');
      return this.drawRows($('rehearsal-done'), []);
    }
    const at = running.step === 0 ? '' : `${running.step} of ${running.steps}: `;
    setText($('rehearsal-now'), `Rehearsal, asked for by ${running.by}. ${at}${running.text}.`);
    this.drawRows(
      $('rehearsal-done'),
      running.done.map((one) => ({ ...one, figures: null })),
    );
  }

  async load() {
    const response = await fetch('/api/rehearsals');
    if (!response.ok) return;
    const [report] = await response.json();
    $('rehearsal-last').hidden = report === undefined;
    if (report === undefined) return;
    const when = report.wallMs === null ? '' : `${new Date(report.wallMs).toLocaleString([], { hour12: false })}, `;
    const chip = $('rehearsal-verdict');
    setText(chip, report.verdict);
    chip.dataset.tone = tones[report.verdict];
    setText($('rehearsal-text'), `${when}by ${report.by}: ${report.text}.`);
    const leftOut = report.leftOut.map(({ text }) => ({ verdict: 'left out', text, figures: null }));
    this.drawRows($('rehearsal-steps'), [...report.steps, ...leftOut]);
  }

  drawChoices(status) {
    const choices = [
      ['What a show meets first', {}],
      ['All of it', { script: 'all' }],
      ...(status?.paths ?? []).flatMap(({ id }) => [
        [`Pull ${id}`, { faults: [{ kind: 'pull-path', path: id }] }],
        [`Silence ${id}`, { faults: [{ kind: 'silence-path', path: id }] }],
        [`Limit ${id}`, { faults: [{ kind: 'limit-path', path: id }] }],
      ]),
      ...(status?.inputs ?? []).flatMap(({ id }) => [
        [`Kill the encoder of ${id}`, { faults: [{ kind: 'kill-encoder', input: id }] }],
        [`Lose ${id}`, { faults: [{ kind: 'lose-input', input: id }] }],
        [`Let ${id} hang`, { faults: [{ kind: 'freeze-input', input: id }] }],
      ]),
      ['Freeze the management', { faults: [{ kind: 'freeze-management' }] }],
    ];
    // The same path towards another destination is the same path.
    this.choices = new Map(choices);
    keyed(
      $('rehearsal-what'),
      [...this.choices.keys()],
      (name) => name,
      (name) => ({ element: make('option', '', name) }),
      () => undefined,
    );
  }

  drawRows(list, rows) {
    keyed(
      list,
      rows.map((row, index) => ({ ...row, key: `${index} ${row.verdict} ${row.text}` })),
      ({ key }) => key,
      ({ verdict, text, figures }) => {
        const chip = make('span', 'chip', verdict);
        chip.dataset.tone = tones[verdict];
        const details = figures === null ? null : make('span', 'figures', sayFigures(figures));
        return { element: make('li', 'verdict', chip, make('span', 'saying', text, details)) };
      },
      () => undefined,
    );
  }
}

function sayFigures(figures) {
  const ms = (name, value) => (value === null ? null : `${name} ${Math.round(value)} ms`);
  return [
    ms('noticed after', figures.noticedMs),
    ms('switched after', figures.switchedMs),
    ms('back after', figures.backMs),
    ms('longest gap', figures.longestGapMs),
    ms('picture still for', figures.stillMs),
    `${figures.picturesLost} of ${figures.pictures + figures.picturesLost} pictures missing`,
    `${figures.latePackets} packets late`,
    `${figures.continuityErrors} continuity errors`,
  ]
    .filter((one) => one !== null)
    .join(' · ');
}
