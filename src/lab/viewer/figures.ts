/** What the viewer's process tells its parent. */
export interface Disturbance {
  /** Arrival, monotonic. */
  atMs: number;
  kind: 'continuity' | 'picture-lost' | 'picture-damaged' | 'picture-repeated' | 'pts-jump' | 'pcr-jump' | 'gap';
}

export interface ViewerFigures {
  pictures: number;
  continuityErrors: number;
  /** Missing or damaged. */
  picturesLost: number;
  picturesRepeated: number;
  longestGapMs: number;
  ptsJumps: number;
  pcrJumps: number;
  /** From leaving the sender's switcher to arriving here; null where nothing could be compared. */
  transportDelayMs: { p50: number | null; max: number | null };
  kbps: number;
}

export interface ViewerGlance {
  pictures: number;
  picturesLost: number;
  continuityErrors: number;
  kbps: number;
}
