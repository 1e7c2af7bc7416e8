/** What a chart shows, apart from how it is drawn. */

export type Hue = "import" | "export" | "own" | "untracked";

export interface Series {
  readonly key: string;
  readonly label: string;
  readonly hue: Hue;
  /** Drawn below zero: export. */
  readonly down?: boolean;
  /** The same period before, drawn paler. */
  readonly before?: boolean;
  /** In the catalogue's unit, zero or more; null where nothing is known. */
  readonly values: readonly (number | null)[];
}

export interface Chart {
  /** Energy is bars on intervals; power is a step line at its resolution. */
  readonly kind: "bars" | "line";
  /** The intervals, from and to, in milliseconds; ascending, without overlap. */
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly series: readonly Series[];
  readonly unit: string;
  readonly zone: string;
  /** What the axis reaches from and to; for a line. */
  readonly domain: readonly [number, number];
  /** Until when something can have been measured: later is future, not a hole. */
  readonly until: number;
  /** Share of each interval that was measured, 0 to 1. */
  readonly completeness?: readonly number[];
  /** What a tip says where nothing is known; that nothing was measured, unless said. */
  readonly hole?: string;
}

export interface Hole {
  readonly from: number;
  readonly to: number;
}

/** Whether anything is known at this interval. */
export const known = (chart: Chart, i: number): boolean =>
  chart.series.some((series) => !series.before && (series.values[i] ?? null) !== null);

/** Whether the chart has anything to draw. */
export const something = (chart: Chart): boolean => chart.from.some((_, i) => known(chart, i));

/** The spans of the past in which nothing is known, neighbours joined. */
export function holes(chart: Chart): Hole[] {
  const found: { from: number; to: number }[] = [];
  let end = chart.domain[0];
  const hole = (from: number, to: number): void => {
    const last = found.at(-1);
    if (last && last.to >= from) last.to = to;
    else if (to > from) found.push({ from, to });
  };
  chart.from.forEach((from, i) => {
    if (from > end) hole(end, from);
    end = chart.to[i] ?? from;
    if (!known(chart, i)) hole(from, end);
  });
  if (end < chart.domain[1]) hole(end, chart.domain[1]);
  return found
    .filter((one) => one.from < chart.until)
    .map((one) => ({ from: one.from, to: Math.min(one.to, chart.until) }));
}

export type Point = [number, number | null];

/** Nothing one way while something flows the other way: not worth a line on the axis. */
function overshadowed(chart: Chart, series: Series, i: number): boolean {
  if (series.values[i] !== 0) return false;
  return chart.series.some((other) => other !== series && !other.before === !series.before && (other.values[i] ?? 0) > 0);
}

/** Nothing either way is said once, by the first of both. */
function repeated(chart: Chart, series: Series, i: number): boolean {
  return series.down === true && series.values[i] === 0 && chart.series.some((other) => !other.down && !other.before === !series.before && other.values[i] === 0);
}

/** A step line through the intervals: level from `from` to `to`, broken where nothing is known. */
export function steps(chart: Chart, series: Series, by: number): Point[] {
  const sign = series.down ? -1 : 1;
  const points: Point[] = [];
  chart.from.forEach((from, i) => {
    const value = series.values[i] ?? null;
    const to = chart.to[i] ?? from;
    if (value === null || overshadowed(chart, series, i) || repeated(chart, series, i)) {
      if (points.at(-1)?.[1] !== null) points.push([from, null]);
      return;
    }
    const last = points.at(-1);
    if (last && last[1] !== null && last[0] < from) points.push([last[0], null]);
    const height = value === 0 ? 0 : (sign * value) / by;
    points.push([from, height], [to, height]);
  });
  return points;
}

/** The interval that holds this moment, or the nearest one. */
export function nearest(chart: Chart, ms: number): number {
  let low = 0;
  let high = chart.from.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((chart.from[middle] ?? 0) <= ms) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Import minus export of an interval, leaving out what is unknown; null when all is. */
export function net(chart: Chart, i: number): number | null {
  const parts = chart.series.filter((series) => !series.before && (series.values[i] ?? null) !== null);
  return parts.length ? parts.reduce((sum, series) => sum + (series.down ? -1 : 1) * (series.values[i] ?? 0), 0) : null;
}

const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** The table as CSV: moments in UTC, numbers in full with a point; unknown is empty. */
export function csv(chart: Chart, heads: { from: string; to: string }): string {
  const lines = [[heads.from, heads.to, ...chart.series.map((series) => `${series.label} (${chart.unit})`)]];
  chart.from.forEach((from, i) => {
    const ends = [from, chart.to[i] ?? from].map((ms) => new Date(ms).toISOString());
    lines.push([...ends, ...chart.series.map((series) => String(series.values[i] ?? ""))]);
  });
  return lines.map((line) => line.map(quoted).join(",")).join("\r\n") + "\r\n";
}
