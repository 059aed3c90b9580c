/** Figures as people read them. */

export function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${String(minutes % 60).padStart(2, '0')} min` : `${Math.floor(hours / 24)} days`;
}

export const rate = (kbps) => (kbps >= 1000 ? `${(kbps / 1000).toFixed(1)} Mbit/s` : `${Math.round(kbps)} kbit/s`);
export const size = (bytes) => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`);
/** Data used this month; null on a path without an allowance. */
export function dataText(data) {
  return data ? `${size(data.usedBytes)} of ${size(data.allowedBytes)} used this month` : null;
}

export function flashText(flash) {
  if (flash === null) return null;
  if (flash.usedPct !== null) return `up to ${flash.usedPct} % worn`;
  return flash.kind === 'sd' ? 'SD card: tells no wear' : 'tells no wear';
}
