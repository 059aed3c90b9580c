/** Elements of the page, made and kept. Only text goes into them, never markup: names and sentences come from outside. */

export const $ = (id) => document.getElementById(id);

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

export function facts(list, entries) {
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

/** @param pin gives what is called with the id, or null to unpin. */
export function pinButton(pin, id) {
  const button = make('button', 'plain');
  button.type = 'button';
  button.addEventListener('click', () => pin()(button.getAttribute('aria-pressed') === 'true' ? null : id));
  return button;
}

export function drawPin(button, id, pinned, known) {
  button.setAttribute('aria-pressed', String(pinned));
  setText(button, pinned ? `Unpin ${id}` : `Pin ${id}`);
  button.disabled = !known;
}

export function chip(element, text, tones) {
  setText(element, text);
  element.dataset.tone = tones[text] ?? 'unknown';
}
