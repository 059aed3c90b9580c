/** A status snapshot as a person reads it: on air or not and why, then what carries it. */
import { reasonTexts } from '../model/reasons.ts';
import type { Status } from '../model/status.ts';

export function statusText({ box, version, program, inputs, paths, destinations, uptimeMs }: Status): string {
  const lines = [
    `${box}  ${program.state.toUpperCase()}  ${program.text}  (${rate(program.kbps)}, up ${duration(uptimeMs)}, Tandem ${version})`,
    ...[program.pin, program.pathPin].flatMap((pin) => (pin === null ? [] : [`  pin          ${pin.text}`])),
    ...inputs.map((input) => `  input        ${column(input.id)} ${column(input.state)} ${input.onAir ? '● ' : '  '}${rate(input.kbps)}  ${input.text}`),
    ...paths.map(
      (path) =>
        `  path         ${column(path.id)} ${column(path.state)} → ${path.destination}  ${rate(path.sentKbps)}  round trip ${path.rttMs === null ? '–' : `${Math.round(path.rttMs)} ms`}  ${path.state === 'up' ? '' : reasonTexts[path.reason]}${path.data ? `  ${gigabytes(path.data.usedBytes)} of ${gigabytes(path.data.allowedBytes)} GB this month` : ''}`,
    ),
    ...destinations.map((one) => `  destination  ${column(one.id)} ${column(one.state)} ${one.mode} ${one.address}  ${one.text}`),
  ];
  return lines.map((line) => line.trimEnd()).join('\n');
}

const column = (text: string): string => text.padEnd(10);
const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(2);
const rate = (kbps: number): string => `${(kbps / 1000).toFixed(2)} Mbit/s`;

function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return seconds < 120 ? `${seconds} s` : seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}
