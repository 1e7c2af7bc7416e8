import { expect, test } from "vitest";
import { flow, stale } from "./flow.ts";

test.each([
  [{ "1.7.0": 2.5, "2.7.0": 0 }, 2.5, "import", "1.7.0"],
  [{ "1.7.0": 0, "2.7.0": 1.5 }, -1.5, "export", "2.7.0"],
  [{ "1.7.0": 3, "2.7.0": 1 }, 2, "import", "16.7.0"],
  [{ "16.7.0": -0.5 }, -0.5, "export", "16.7.0"],
  [{ "1.7.0": 0 }, 0, "still", "1.7.0"],
  [{ "12.7.0": 230 }, null, "unknown", "16.7.0"],
])("%j is %s kW, %s", (values, net, direction, obis) => {
  expect(flow(values as Record<string, number>)).toEqual({ net, direction, obis });
});

test("a value is stale after three intervals", () => {
  expect([stale(0, 30_000, 10), stale(0, 30_001, 10)]).toEqual([false, true]);
});
