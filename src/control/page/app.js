/** The status page: keeps the live stream, shows it, and sends what a person asks for. */
import { RehearsalView } from './rehearsal.js';
import { View } from './view.js';
import { duration } from './words.js';

const $ = (id) => document.getElementById(id);
/** The box speaks each second; after this much silence the page says that it is alone. */
const silenceMs = 3500;
const againMs = 1000;
const previewEveryMs = 2000;

let csrf = null;
let heardMs = performance.now();
let source = null;
let snapshot = null;
let lostSinceMs = null;

const view = new View(
  (input) => command(input === null ? 'unpin-input' : 'pin-input', input === null ? {} : { input }),
  (path) => command(path === null ? 'unpin-path' : 'pin-path', path === null ? {} : { path }),
);

const rehearsal = new RehearsalView(
  (args) => command('rehearse', args, $('rehearsal-said')),
  () => command('stop-rehearsal', {}, $('rehearsal-said')),
);

function connect() {
  source?.close();
  source = new EventSource('/api/stream');
  const on = (type, take) =>
    source.addEventListener(type, (message) => {
      heardMs = performance.now();
      take(JSON.parse(message.data));
    });
  on('hello', (hello) => {
    found();
    view.reasons = hello.reasons;
    view.setSamples(hello.samples);
    view.setEvents(hello.events);
    show(hello.snapshot);
    void rehearsal.load();
  });
  on('snapshot', show);
  on('sample', (sample) => view.addSample(sample));
  on('event', (event) => view.addEvent(event));
  source.onerror = () => {
    lost();
    // Closed for good (not logged in any more, or the box is being restarted): ask why, then come back.
    if (source.readyState === EventSource.CLOSED) setTimeout(again, againMs);
  };
}

async function again() {
  try {
    const response = await fetch('/api/session');
    if (response.status === 401) {
      location.replace('/login');
      return;
    }
  } catch {
    // The box is not there; the stream is tried anyway.
  }
  connect();
}

function show(box) {
  snapshot = box;
  view.draw(box);
  rehearsal.draw(box);
}

function lost() {
  lostSinceMs ??= performance.now();
  document.body.classList.add('lost');
  $('live').textContent = 'no connection';
  $('lost').hidden = false;
  const lostMs = performance.now() - lostSinceMs;
  const since = lostMs < 2000 ? '' : ` for ${duration(lostMs)}`;
  $('lost').textContent = `No connection to the management of this box${since}. What you see is old; the stream itself does not depend on it. Trying again.`;
  view.drawLost();
}

function found() {
  lostSinceMs = null;
  document.body.classList.remove('lost');
  $('live').textContent = 'live';
  $('lost').hidden = true;
  void loadSession();
}

setInterval(() => {
  if (performance.now() - heardMs < silenceMs) {
    if (lostSinceMs !== null) lost();
    return;
  }
  lost();
  // A stream that hangs without an end: begin anew.
  if (source !== null && source.readyState === EventSource.OPEN) {
    heardMs = performance.now();
    connect();
  }
}, 500);

async function loadSession() {
  const response = await fetch('/api/session');
  if (response.ok) csrf = (await response.json()).csrf;
}

async function post(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf ?? '' },
    body: JSON.stringify(body),
  });
  if (response.status === 401) location.replace('/login');
  return response.json();
}

/** What comes of it is said in `done`, beside what was pressed. */
async function command(name, args, done = $('done')) {
  done.textContent = '…';
  done.classList.remove('bad');
  try {
    const reply = await post(`/api/commands/${name}`, args);
    done.textContent = `${reply.text.charAt(0).toUpperCase()}${reply.text.slice(1)}.`;
    done.classList.toggle('bad', !reply.ok);
  } catch {
    done.textContent = 'The box does not answer.';
    done.classList.add('bad');
  }
}

$('start').addEventListener('click', () => command('start', {}));
$('stop').addEventListener('click', () => $('sure').showModal());
$('sure').addEventListener('close', () => {
  if ($('sure').returnValue === 'yes') command('stop', {});
  $('sure').returnValue = 'no';
});
$('logout').addEventListener('click', async () => {
  await post('/api/logout', {}).catch(() => undefined);
  location.replace('/login');
});

let pictureUrl = null;

async function preview() {
  if (document.visibilityState !== 'visible' || lostSinceMs !== null) return;
  const picture = $('picture');
  try {
    const response = await fetch('/api/preview.jpg');
    if (!response.ok) throw new Error((await response.json()).text);
    const url = URL.createObjectURL(await response.blob());
    picture.src = url;
    await picture.decode();
    if (pictureUrl !== null) URL.revokeObjectURL(pictureUrl);
    pictureUrl = url;
    const input = snapshot?.status?.program.input ?? null;
    picture.alt = input === null ? 'What is on air' : `What ${input} shows`;
    picture.hidden = false;
    $('no-picture').hidden = true;
    $('picture-caption').textContent = `${input ?? 'Program'}, ${new Date().toLocaleTimeString([], { hour12: false })}`;
  } catch (error) {
    picture.hidden = true;
    $('no-picture').hidden = false;
    $('no-picture').textContent = `No picture: ${error.message}`;
    $('picture-caption').textContent = '';
  }
}

async function previewLoop() {
  await preview();
  setTimeout(previewLoop, previewEveryMs);
}

document.addEventListener('visibilitychange', () => {
  // A phone that was in a pocket: whatever is shown is old.
  if (document.visibilityState === 'visible' && performance.now() - heardMs > silenceMs) connect();
});

connect();
void previewLoop();
