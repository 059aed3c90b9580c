/** What every output of a stream can do. */
export interface Output {
  /** Whole MPEG-TS packets, at most 1456 bytes; must be used or copied before it returns, and never waits. */
  write(bytes: Buffer, offset: number, length: number): void;
  /** The batch is over. */
  flush(nowMs: number): void;
  close(): Promise<void>;
}
