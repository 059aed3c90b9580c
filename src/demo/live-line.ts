/** One line a second for people: what leaves, what each path carries, what the viewer sees. */
import type { ViewerGlance } from '../lab/viewer/figures.ts';
import type { Status } from '../model/status.ts';

export function liveLine(seconds: number, status: Status, viewer: ViewerGlance): string {
  const { program, paths } = status;
  const carried = paths
    .map((path) => `${path.id} ${path.state === 'up' ? `${mbps(path.sentKbps)} ${path.rttMs === null ? '–' : Math.round(path.rttMs)} ms` : path.state}`)
    .join(' | ');
  const seen = viewer.picturesLost + viewer.continuityErrors === 0 ? 'clean' : `${viewer.picturesLost} lost, ${viewer.continuityErrors} continuity errors`;
  return `${seconds.toFixed(0).padStart(4)} s  ${program.state} ${program.input ?? '–'} ${mbps(program.kbps)}  |  ${carried}  |  viewer ${mbps(viewer.kbps)}, ${viewer.pictures} pictures, ${seen}`;
}

const mbps = (kbps: number): string => `${(kbps / 1000).toFixed(2)} Mbit/s`;
