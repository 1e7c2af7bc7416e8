import { expect, test } from "vitest";
import { csv, holes, nearest, net, steps, type Chart } from "./model.ts";

const chart = (values: (number | null)[], more: Partial<Chart> = {}): Chart => ({
  kind: "line", from: values.map((_, i) => i * 10), to: values.map((_, i) => i * 10 + 10),
  series: [{ key: "import", label: "Import", hue: "import", values }],
  unit: "kW", zone: "UTC", domain: [0, 60], until: 60, ...more,
});

test("a hole is what is null between known values, what is missing, and not the future", () => {
  expect(holes(chart([1, null, null, 2, null], { until: 55 }))).toEqual([{ from: 10, to: 30 }, { from: 40, to: 55 }]);
  expect(holes(chart([1, 2], { until: 20 }))).toEqual([]);
  expect(holes(chart([1, 2], { from: [0, 40], to: [10, 50], until: 50 }))).toEqual([{ from: 10, to: 40 }]);
});

test("a step line holds each value to the end of its interval and breaks at holes, also at missing rows", () => {
  const one = chart([1, null, 2]);
  expect(steps(one, one.series[0]!, 1)).toEqual([[0, 1], [10, 1], [10, null], [20, 2], [30, 2]]);
  const gap = chart([1, 2], { from: [0, 40], to: [10, 50] });
  expect(steps(gap, gap.series[0]!, 1)).toEqual([[0, 1], [10, 1], [10, null], [40, 2], [50, 2]]);
});

test("export is drawn below zero, in the prefix of the axis", () => {
  const both = chart([0.5], { series: [{ key: "export", label: "Export", hue: "export", down: true, values: [0.5] }] });
  expect(steps(both, both.series[0]!, 1e-3)).toEqual([[0, -500], [10, -500]]);
  expect(net(both, 0)).toBe(-0.5);
});

test("the nearest interval is the one that holds the moment, or the edge", () => {
  expect([-5, 0, 14, 999].map((ms) => nearest(chart([1, 2, 3]), ms))).toEqual([0, 0, 1, 2]);
});

test("a table keeps unknown values empty and quotes a comma", () => {
  const text = csv(chart([1.25, null], { series: [{ key: "i", label: "In, all", hue: "import", values: [1.25, null] }] }), { from: "From", to: "To" });
  expect(text.split("\r\n").slice(0, 3)).toEqual([
    'From,To,"In, all (kW)"', "1970-01-01T00:00:00.000Z,1970-01-01T00:00:00.010Z,1.25", "1970-01-01T00:00:00.010Z,1970-01-01T00:00:00.020Z,",
  ]);
});

test("nothing one way draws no line while something flows the other way, and nothing at all is drawn once", () => {
  const both = chart([], {
    from: [0, 10, 20], to: [10, 20, 30],
    series: [
      { key: "import", label: "Import", hue: "import", values: [2, 0, 0] },
      { key: "export", label: "Export", hue: "export", down: true, values: [0, 1, 0] },
    ],
  });
  expect(steps(both, both.series[0]!, 1)).toEqual([[0, 2], [10, 2], [10, null], [20, 0], [30, 0]]);
  expect(steps(both, both.series[1]!, 1)).toEqual([[0, null], [10, -1], [20, -1], [20, null]]);
});
