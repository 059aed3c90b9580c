/** A small line graph of the last two minutes, as SVG: no library, colours from the style sheet. */
const namespace = 'http://www.w3.org/2000/svg';
const width = 240;
const height = 48;
const spanMs = 120_000;
/** A hole longer than this is drawn as a hole. */
const gapMs = 3500;

export class Graph {
  /** @param least the top of the scale is never below this, so that noise does not look like a mountain. */
  constructor(label, unit, least) {
    this.label = label;
    this.unit = unit;
    this.least = least;
    this.element = document.createElement('figure');
    this.element.className = 'graph';
    const caption = document.createElement('figcaption');
    const name = document.createElement('span');
    name.textContent = label;
    this.value = document.createElement('strong');
    caption.append(name, this.value);
    this.svg = document.createElementNS(namespace, 'svg');
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.svg.setAttribute('preserveAspectRatio', 'none');
    this.svg.setAttribute('role', 'img');
    this.area = document.createElementNS(namespace, 'path');
    this.area.setAttribute('class', 'area');
    this.line = document.createElementNS(namespace, 'path');
    this.line.setAttribute('class', 'line');
    this.svg.append(this.area, this.line);
    this.scale = document.createElement('span');
    this.scale.className = 'scale';
    this.scale.setAttribute('aria-hidden', 'true');
    const plot = document.createElement('div');
    plot.className = 'plot';
    plot.append(this.svg, this.scale);
    this.element.append(caption, plot);
  }

  /** @param points [monoMs, value or null], the oldest first. @param nowMs the right edge. @param now what stands beside the name. */
  draw(points, nowMs, now) {
    const known = points.filter(([at, value]) => value !== null && at > nowMs - spanMs);
    const most = niceTop(Math.max(this.least, ...known.map(([, value]) => value)));
    const x = (at) => (width * (at - nowMs + spanMs)) / spanMs;
    const y = (value) => height - 1 - ((height - 3) * value) / most;
    let line = '';
    let area = '';
    let before = null;
    let from = 0;
    for (const [at, value] of known) {
      const joined = before !== null && at - before < gapMs;
      if (!joined) {
        if (before !== null) area += `L${x(before).toFixed(1)} ${height}L${from.toFixed(1)} ${height}Z`;
        from = x(at);
      }
      const point = `${joined ? 'L' : 'M'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
      line += point;
      area += point;
      before = at;
    }
    if (before !== null) area += `L${x(before).toFixed(1)} ${height}L${from.toFixed(1)} ${height}Z`;
    this.line.setAttribute('d', line);
    this.area.setAttribute('d', area);
    this.value.textContent = now;
    this.scale.textContent = `${most} ${this.unit}`;
    this.svg.setAttribute('aria-label', `${this.label}, last two minutes, now ${now}`);
  }
}

/** The next of 1, 2, 5 × 10ⁿ. */
function niceTop(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-6)));
  for (const step of [1, 2, 5, 10]) if (value <= step * power) return Number((step * power).toPrecision(1));
  return value;
}
