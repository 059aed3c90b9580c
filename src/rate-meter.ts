/** Bytes in, kbit/s out, over a sliding second cut into ten buckets: smooth enough to read, quick enough to see a stall. */
const bucketMs = 100;
const bucketCount = 10;

export class RateMeter {
  readonly #buckets = new Float64Array(bucketCount);
  #bucket = 0;

  add(bytes: number, nowMs: number): void {
    this.#advance(nowMs);
    this.#buckets[this.#bucket % bucketCount] = (this.#buckets[this.#bucket % bucketCount] ?? 0) + bytes;
  }

  /** kbit/s over the last whole second. */
  kbps(nowMs: number): number {
    this.#advance(nowMs);
    let bytes = 0;
    for (const value of this.#buckets) bytes += value;
    return Math.round((bytes * 8) / (bucketMs * bucketCount));
  }

  #advance(nowMs: number): void {
    const bucket = Math.floor(nowMs / bucketMs);
    if (bucket <= this.#bucket) return;
    const steps = Math.min(bucket - this.#bucket, bucketCount);
    for (let step = 1; step <= steps; step++) this.#buckets[(bucket - steps + step) % bucketCount] = 0;
    this.#bucket = bucket;
  }
}
