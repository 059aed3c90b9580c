/** Draws the box. Only text goes into the page, never markup: names and sentences come from outside. */
import { Graph } from './graph.js';
import { verdict } from './verdict.js';

const $ = (id) => document.getElementById(id);

/** An element with classes, text and children. */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Keeps one element a key in `parent`, in order, so that focus and animations live on. */
export function keyed(parent, items, keyOf, create, update) {
  parent.kept ??= new Map();
  const { kept } = parent;
  const seen = new Set();
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    seen.add(key);
    let row = kept.get(key);
    if (row === undefined) {
      row = create(item);
      kept.set(key, row);
    }
    update(row, item);
    if (row.element === place) place = place.nextElementSibling;
    else parent.insertBefore(row.element, place);
  }
  for (const [key, row] of kept)
    if (!seen.has(key)) {
      row.element.remove();
      kept.delete(key);
    }
}

function facts(list, entries) {
  keyed(
    list,
    entries.filter(([, value]) => value !== null && value !== undefined),
    ([name]) => name,
    ([name]) => {
      const value = make('dd');
      return { element: make('div', '', make('dt', '', name), value), value };
    },
    (row, [, value]) => setText(row.value, value),
  );
}

export function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${String(minutes % 60).padStart(2, '0')} min` : `${Math.floor(hours / 24)} days`;
}

const rate = (kbps) => (kbps >= 1000 ? `${(kbps / 1000).toFixed(1)} Mbit/s` : `${Math.round(kbps)} kbit/s`);
const size = (bytes) => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`);
/** Begins with a capital letter, unless the first word is a name of the configuration: those stay as they are. */
function sentence(text) {
  return names.has(text.split(/[ :,]/, 1)[0]) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

/** Ids of inputs, paths and destinations. */
let names = new Set();

/** For so long what viewers lost counts. */
const latelyMs = 10_000;

export class View {
  /** @param pin called with an input's id, or null to unpin. */
  constructor(pin) {
    this.pin = pin;
    this.samples = [];
    this.reasons = {};
    this.events = [];
    this.box = null;
    /** [ms, packets given up to then] of the last seconds, in one session of the media daemon. */
    this.dropped = [];
    this.session = null;
    $('filter').addEventListener('change', () => this.drawEvents());
  }

  setSamples(samples) {
    this.samples = samples;
  }

  addSample(sample) {
    this.samples = [...this.samples.slice(-119), sample];
  }

  setEvents(events) {
    this.events = events;
    this.drawEvents();
  }

  addEvent(event) {
    if (event.id <= (this.events.at(-1)?.id ?? 0)) return;
    this.events = [...this.events.slice(-499), event];
    this.drawEvents();
  }

  draw(box) {
    this.box = box;
    names = new Set([box.status?.inputs, box.status?.paths, box.status?.destinations].flatMap((list) => (list ?? []).map(({ id }) => id)));
    setText($('box'), box.box);
    this.drawHero(box);
    this.drawAlarms(box);
    const { status } = box;
    const known = box.media.state === 'connected';
    document.body.classList.toggle('stale', !known);
    this.drawPaths(status, known);
    this.drawInputs(status, known);
    this.drawBox(box);
  }

  /** Packets that SRT has given up lately. */
  droppedLately({ status }) {
    if (status === null) return 0;
    if (this.session !== status.session) this.dropped = [];
    this.session = status.session;
    const total = status.destinations.reduce((sum, { srt }) => sum + (srt?.droppedPackets ?? 0), 0);
    this.dropped.push([status.monoMs, total]);
    while (this.dropped[0][0] < status.monoMs - latelyMs) this.dropped.shift();
    // A new connection counts from 0.
    return Math.max(0, total - this.dropped[0][1]);
  }

  drawHero(box) {
    const { title, tone, why, but } = verdict(box, this.reasons, this.droppedLately(box));
    const { status } = box;
    const known = box.media.state === 'connected' && status !== null;
    $('hero').dataset.tone = tone;
    setText($('hero-state'), title);
    setText($('hero-why'), sentence(why));
    $('hero-but').classList.toggle('spare', title === 'On air');
    keyed(
      $('hero-but'),
      but,
      (text) => text,
      (text) => ({ element: make('li', '', text) }),
      () => undefined,
    );
    document.title = `${title} · ${box.box}`;
    const program = status?.program;
    facts($('hero-facts'), [
      [title === 'On air' ? 'On air for' : 'For', known ? duration(box.monoMs - program.sinceMonoMs) : null],
      ['Program', known ? rate(program.kbps) : null],
      ['Input', known ? `${program.input ?? 'none'}${program.pinned === null ? '' : ' (pinned)'}` : null],
      ['Destination', known ? (program.destination ?? 'none') : null],
    ]);
    $('start').disabled = !known || program.state !== 'stopped';
    $('stop').disabled = !known || program.state === 'stopped';
  }

  /** Without a connection nobody knows: what stood there last must not be read as what is. */
  drawLost() {
    if (this.box === null) return;
    const { title } = verdict(this.box, this.reasons);
    $('hero').dataset.tone = 'unknown';
    setText($('hero-state'), 'Not known');
    setText($('hero-why'), `No connection to the box. Last seen: ${title.toLowerCase()}.`);
    document.title = `Not known · ${this.box.box}`;
  }

  drawAlarms({ alarms }) {
    $('alarms-section').hidden = alarms.length === 0;
    keyed(
      $('alarms'),
      alarms,
      ({ id }) => id,
      eventRow,
      () => undefined,
    );
  }

  drawPaths(status, known) {
    const nowMs = status?.monoMs ?? 0;
    keyed(
      $('paths'),
      status?.paths ?? [],
      ({ id, destination }) => `${id} ${destination}`,
      (path) => {
        const chip = make('span', 'chip');
        const title = make('h3', '', path.id);
        const where = make('p', 'quiet');
        const graphs = { kbps: new Graph('Rate', 'Mbit/s', 1), rttMs: new Graph('Round trip', 'ms', 50), lossPct: new Graph('Loss', '%', 1) };
        const element = make(
          'article',
          'card',
          make('div', 'head', title, chip),
          where,
          make('div', 'graphs', ...Object.values(graphs).map((graph) => graph.element)),
        );
        return { element, chip, where, graphs };
      },
      (row, path) => {
        chip(row.chip, known ? path.state : 'unknown', { up: 'good', registering: 'unknown', silent: 'bad', down: 'bad' });
        setText(
          row.where,
          `${path.interface ?? 'any interface'} to ${path.destination}${path.state === 'up' || !known ? '' : ` · ${this.reasons[path.reason] ?? path.reason}`}`,
        );
        const points = (name, scale) => this.samples.map((sample) => [sample.monoMs, scale(sample.paths[path.id]?.[name] ?? null)]);
        const last = this.samples.at(-1)?.paths[path.id];
        row.graphs.kbps.draw(
          points('kbps', (value) => (value === null ? null : value / 1000)),
          nowMs,
          known ? rate(path.sentKbps) : '–',
        );
        row.graphs.rttMs.draw(
          points('rttMs', (value) => value),
          nowMs,
          known && path.rttMs !== null ? `${Math.round(path.rttMs)} ms` : '–',
        );
        row.graphs.lossPct.draw(
          points('lossPct', (value) => value),
          nowMs,
          known && last?.lossPct != null ? `${last.lossPct.toFixed(1)} %` : '–',
        );
      },
    );
    keyed(
      $('destinations'),
      status?.destinations ?? [],
      ({ id }) => id,
      (one) => {
        const chipElement = make('span', 'chip');
        const text = make('span', 'quiet');
        return { element: make('li', '', make('strong', '', one.id), chipElement, text), chip: chipElement, text };
      },
      (row, one) => {
        chip(row.chip, known ? one.state : 'unknown', { connected: 'good', connecting: 'unknown', waiting: 'bad', off: 'idle' });
        const srt = one.srt === null ? '' : ` · latency ${Math.round(one.srt.latencyMs)} ms · ${one.srt.droppedPackets} packets given up`;
        setText(row.text, `${one.address} (${one.mode})${one.state === 'connected' ? srt : ` · ${one.text}`}`);
      },
    );
  }

  drawInputs(status, known) {
    const pinned = status?.program.pinned ?? null;
    keyed(
      $('inputs'),
      status?.inputs ?? [],
      ({ id }) => id,
      (input) => {
        const chipElement = make('span', 'chip');
        const onAir = make('span', 'chip on-air', 'on air');
        const text = make('p', '');
        const list = make('dl', 'facts small');
        const button = make('button', 'plain');
        button.type = 'button';
        button.addEventListener('click', () => this.pin(button.getAttribute('aria-pressed') === 'true' ? null : input.id));
        const element = make('article', 'card', make('div', 'head', make('h3', '', input.id), onAir, chipElement), text, list, button);
        return { element, chip: chipElement, onAir, text, list, button };
      },
      (row, input) => {
        chip(row.chip, known ? input.state : 'unknown', { running: 'good', degraded: 'warn', starting: 'unknown', waiting: 'bad', failed: 'bad', off: 'idle' });
        row.onAir.hidden = !input.onAir || !known;
        // Chosen by the engine is not yet seen by viewers.
        setText(row.onAir, status.program.state === 'on-air' ? 'on air' : 'chosen');
        setText(row.text, sentence(input.text));
        facts(row.list, [
          ['Kind', input.kind],
          ['Rate', known ? rate(input.kbps) : null],
          ['Sound', known && input.audioDb !== null ? `${Math.round(input.audioDb)} dB` : null],
          ['Encoder', input.encoder],
          ['Restarts', String(input.restarts)],
          ['Again in', known && input.retryInMs !== null ? duration(input.retryInMs) : null],
        ]);
        const isPinned = pinned === input.id;
        row.button.setAttribute('aria-pressed', String(isPinned));
        setText(row.button, isPinned ? `Unpin ${input.id}` : `Pin ${input.id}`);
        row.button.disabled = !known;
      },
    );
  }

  drawBox({ vitals, modems, mqtt, version, media, status, rssBytes, gpio }) {
    const yes = (value, good, bad) => (value === null ? null : value ? good : bad);
    facts($('vitals'), [
      ['Model', vitals?.model],
      ['Temperature', vitals?.temperatureC == null ? null : `${Math.round(vitals.temperatureC)} °C`],
      ['Processor', vitals?.cpuPct == null ? null : `${Math.round(vitals.cpuPct)} %`],
      ['Memory free', vitals === null ? null : size(vitals.memoryAvailableBytes)],
      ['Disk used', vitals?.diskUsedPct == null ? null : `${Math.round(vitals.diskUsedPct)} %`],
      ['Power', vitals === null ? null : yes(vitals.underVoltage === null ? null : !vitals.underVoltage, 'good', 'too weak')],
      ['Throttled', vitals === null ? null : yes(vitals.throttled, 'yes', 'no')],
      ['Clock', vitals === null ? null : yes(vitals.clockSynchronised, 'in sync', 'not in sync')],
      ['Up for', vitals === null ? null : duration(vitals.uptimeS * 1000)],
      ['Tandem uses', status === null ? size(rssBytes) : size(rssBytes + status.rssBytes)],
    ]);
    keyed(
      $('modems'),
      modems,
      ({ id }) => id,
      (modem) => {
        const chipElement = make('span', 'chip');
        const list = make('dl', 'facts small');
        return {
          element: make('article', 'card', make('div', 'head', make('h3', '', modem.interfaces[0] ?? modem.model), chipElement), list),
          chip: chipElement,
          list,
        };
      },
      (row, modem) => {
        chip(row.chip, modem.state, { connected: 'good', failed: 'bad', locked: 'bad' });
        facts(row.list, [
          ['Modem', modem.model],
          ['Operator', modem.operator],
          ['Technology', modem.technology],
          ['Signal (RSRP)', modem.rsrpDbm === null ? null : `${Math.round(modem.rsrpDbm)} dBm`],
          ['SINR', modem.sinrDb === null ? null : `${modem.sinrDb.toFixed(1)} dB`],
          ['Roaming', yes(modem.roaming, 'yes', 'no')],
          ['Sent', modem.txBytes === null ? null : size(modem.txBytes)],
        ]);
      },
    );
    const parts = [
      `MQTT: ${mqtt.text}.`,
      media.state === 'connected' ? null : `Media: ${media.text}.`,
      gpio.state === 'connected' ? 'GPIO: lamps and button work.' : null,
      `Tandem ${version}.`,
    ];
    setText($('links'), parts.filter((part) => part !== null).join(' '));
  }

  drawEvents() {
    const bad = $('filter').value === 'bad';
    const shown = this.events
      .filter(({ severity }) => !bad || severity === 'warning' || severity === 'alarm')
      .slice(-200)
      .reverse();
    keyed(
      $('events'),
      shown,
      ({ id }) => id,
      eventRow,
      () => undefined,
    );
  }
}

function chip(element, text, tones) {
  setText(element, text);
  element.dataset.tone = tones[text] ?? 'unknown';
}

/** Of a switch: how long it took. Of a state: how long the one before it lasted. */
function lasted({ tookMs, what }) {
  if (tookMs === null) return '';
  const time = tookMs < 10_000 ? `${tookMs < 10 ? tookMs.toFixed(1) : Math.round(tookMs)} ms` : duration(tookMs);
  return what === 'program.switch' ? ` · took ${time}` : ` · after ${time}`;
}

function eventRow(event) {
  const time = make('time', '', event.wallMs === null ? 'clock not set' : new Date(event.wallMs).toLocaleTimeString([], { hour12: false }));
  if (event.wallMs !== null) {
    time.dateTime = new Date(event.wallMs).toISOString();
    time.title = new Date(event.wallMs).toLocaleString();
  }
  const severity = make('span', 'chip', event.severity === 'clear' ? 'cleared' : event.severity);
  severity.dataset.tone = { info: 'idle', warning: 'warn', alarm: 'bad', clear: 'good' }[event.severity];
  const change = event.from === null && event.to === null ? '' : ` · ${event.from ?? '–'} → ${event.to ?? '–'}`;
  const details = make('span', 'quiet', `${event.subject.kind} ${event.subject.id} · ${event.reason.replaceAll('-', ' ')}${change}${lasted(event)}`);
  return { element: make('li', '', time, severity, make('span', 'words', sentence(event.text), details)) };
}
