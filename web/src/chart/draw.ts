/** How a chart is drawn: the one place that knows ECharts, loaded only where a chart is shown. */
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent } from "echarts/components";
import { init, use, type EChartsType } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import type { BarSeriesOption, LineSeriesOption } from "echarts/charts";
import type { GridComponentOption } from "echarts/components";
import type { ComposeOption } from "echarts/core";
import { prefixed } from "../numbers/format.ts";
import { ticks } from "../numbers/zone.ts";
import { holes, known, steps, type Chart, type Hue, type Series } from "./model.ts";

use([BarChart, LineChart, GridComponent, CanvasRenderer]);

type Option = ComposeOption<BarSeriesOption | LineSeriesOption | GridComponentOption>;
export type Drawing = EChartsType;
export type Theme = Readonly<Record<Hue | "ink-2" | "ink-3" | "line" | "surface", string>>;

const PLOT_TOP = 10;

/** The words on the axes, which know the language. */
export interface Labels {
  height: (value: number) => string;
  moment: (ms: number) => string;
  interval: (i: number) => string;
}

/** The tokens' colours in the mode of this element. */
export function themeOf(element: Element): Theme {
  const probe = document.createElement("span");
  element.append(probe);
  const names = ["import", "export", "own", "untracked", "ink-2", "ink-3", "line", "surface"] as const;
  const read = names.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color] as const;
  });
  probe.remove();
  return Object.fromEntries(read) as Theme;
}

export const open = (element: HTMLElement): Drawing => init(element, null, { renderer: "canvas" });

/** The unit that suits the chart's largest value, and what its values are divided by. */
export function scaleOf(chart: Chart): { unit: string; by: number } {
  const all = chart.series.flatMap((series) => series.values.map((value) => Math.abs(value ?? 0)));
  return prefixed(Math.max(0, ...all) || 1, chart.unit);
}

export function draw(drawing: Drawing, chart: Chart, theme: Theme, labels: Labels): void {
  const by = scaleOf(chart).by;
  const option = chart.kind === "line" ? line(chart, theme, by) : bars(chart, theme, by);
  drawing.setOption({ ...option, ...axes(chart, theme, labels, drawing.getWidth()), ...frame(theme) }, { notMerge: true });
}

function frame(theme: Theme): Option {
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: theme["ink-2"] },
    grid: { left: 0, right: 1, top: PLOT_TOP, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
  };
}

function axes(chart: Chart, theme: Theme, labels: Labels, width: number): Option {
  const text = { color: theme["ink-2"], fontSize: 12 };
  const quiet = { axisLine: { show: false }, axisTick: { show: false } };
  const across =
    chart.kind === "line"
      ? spanAxis(chart, labels, width, text)
      : { type: "category" as const, data: chart.from.map((_, i) => labels.interval(i)), axisLabel: { ...text, hideOverlap: true, margin: 10 } };
  return {
    xAxis: { ...quiet, splitLine: { show: false }, ...across },
    yAxis: {
      ...quiet,
      type: "value",
      splitNumber: 4,
      minInterval: 0,
      axisLabel: { ...text, margin: 8, formatter: (value: number) => labels.height(Math.abs(value)) },
      splitLine: { lineStyle: { color: theme.line, width: 1 } },
    },
  };
}

function spanAxis(chart: Chart, labels: Labels, width: number, text: { color: string; fontSize: number }) {
  const [min, max] = chart.domain;
  const at = ticks(min, max, chart.zone, Math.max(3, Math.floor(width / 72)));
  return {
    type: "value" as const,
    min,
    max,
    axisLabel: {
      ...text, customValues: at, margin: 10, hideOverlap: true,
      alignMinLabel: "left" as const, alignMaxLabel: "right" as const,
      formatter: (ms: number) => labels.moment(ms),
    },
  };
}

function line(chart: Chart, theme: Theme, by: number): Option {
  const drawn = chart.series.map((series): LineSeriesOption => ({
    ...stepped(series, theme),
    data: steps(chart, series, by),
  }));
  const baseline = holes(chart).flatMap((hole) => [[hole.from, 0], [hole.to, 0], [hole.to, null]]);
  const empty: LineSeriesOption = {
    type: "line", data: baseline as [number, number | null][], symbol: "none", silent: true, z: 1,
    lineStyle: { color: theme["ink-3"], width: 1 },
  };
  return { series: [...drawn, empty] };
}

function stepped(series: Series, theme: Theme): LineSeriesOption {
  const color = theme[series.hue];
  return {
    type: "line", symbol: "none", silent: true, connectNulls: false, z: series.before ? 2 : 3,
    lineStyle: { color, width: 1.5, opacity: series.before ? 0.4 : 1, join: "round" },
    ...(series.before ? {} : { areaStyle: { color, opacity: 0.14, origin: 0 } }),
  };
}

function bars(chart: Chart, theme: Theme, by: number): Option {
  const drawn = chart.series.map((series): BarSeriesOption => ({
    type: "bar", silent: true, stack: series.before ? "before" : "now", barMaxWidth: 40, barCategoryGap: "36%", barMinHeight: 1,
    itemStyle: {
      color: theme[series.hue], opacity: series.before ? 0.4 : 1,
      borderRadius: series.down ? [0, 0, 3, 3] : [3, 3, 0, 0],
    },
    data: series.values.map((value) => (value === null ? null : value === 0 ? "-" : ((series.down ? -1 : 1) * value) / by)),
  }));
  const empty: BarSeriesOption = {
    type: "bar", silent: true, stack: "now", barMinHeight: 1, itemStyle: { color: theme["ink-3"] },
    data: chart.from.map((from, i) => (known(chart, i) || from >= chart.until ? null : 0)),
  };
  return { series: [...drawn, empty] };
}

/** Where an interval stands, in pixels from the left of the drawing: its middle, and its width. */
export function place(drawing: Drawing, chart: Chart, i: number): { x: number; width: number } {
  const at = (value: number): number => Number(drawing.convertToPixel({ xAxisIndex: 0 }, value));
  if (chart.kind === "line") {
    const [left, right] = [at(chart.from[i] ?? 0), at(chart.to[i] ?? 0)];
    return { x: (left + right) / 2, width: right - left };
  }
  const width = chart.from.length > 1 ? Math.abs(at(1) - at(0)) : drawing.getWidth() * 0.8;
  return { x: at(i), width };
}

/** The moment (for a line) or the index (for bars) at this distance from the left. */
export const valueAt = (drawing: Drawing, x: number): number =>
  Number(drawing.convertFromPixel({ xAxisIndex: 0 }, x));
