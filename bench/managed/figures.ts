/** What a list of times says. */
export function percentiles(times: readonly number[]): { median: number; p95: number; p99: number; most: number } {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { median: at(0.5), p95: at(0.95), p99: at(0.99), most: sorted.at(-1) ?? Number.NaN };
}

export function timesText(times: readonly number[]): string {
  const { median, p95, p99, most } = percentiles(times);
  return `${times.length} times: median ${median.toFixed(1)}, p95 ${p95.toFixed(1)}, p99 ${p99.toFixed(1)}, most ${most.toFixed(1)} ms`;
}

/** What came twice, and what came before one that is older. Numbers that should rise. */
export function order(numbers: readonly number[]): { twice: number; outOfOrder: number } {
  const seen = new Set<number>();
  let [twice, outOfOrder, last] = [0, 0, 0];
  for (const number of numbers) {
    if (seen.has(number)) twice++;
    else if (number < last) outOfOrder++;
    seen.add(number);
    last = Math.max(last, number);
  }
  return { twice, outOfOrder };
}
