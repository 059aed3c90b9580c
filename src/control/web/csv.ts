/** Events as a table for spreadsheets (RFC 4180). */
import type { JournaledEvent } from '../../model/box.ts';

const columns = ['id', 'time', 'severity', 'subject', 'what', 'from', 'to', 'reason', 'text', 'tookMs', 'measured'] as const;

export function eventsCsv(events: readonly JournaledEvent[]): string {
  const rows = events.map((event) => [
    event.id,
    event.wallMs === null ? '' : new Date(event.wallMs).toISOString(),
    event.severity,
    `${event.subject.kind} ${event.subject.id}`,
    event.what,
    event.from,
    event.to,
    event.reason,
    event.text,
    event.tookMs,
    JSON.stringify(event.measured),
  ]);
  return [columns, ...rows]
    .map((row) => row.map(cell).join(','))
    .join('\r\n')
    .concat('\r\n');
}

function cell(value: string | number | null): string {
  if (value === null) return '';
  let text = String(value);
  // A spreadsheet would take these for formulas, and some text comes from outside (names, commands).
  if (typeof value === 'string' && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
