import { expect, test } from "vitest";
import { spanOf } from "./span.ts";

test("a week and a month end with today, a year with this month", () => {
  expect(spanOf("week", "2026-03-03")).toEqual({ length: "week", from: "2026-02-25", to: "2026-03-04", by: "day" });
  expect(spanOf("month", "2026-03-03").from).toBe("2026-02-01");
  expect(spanOf("year", "2026-01-31")).toEqual({ length: "year", from: "2025-02-01", to: "2026-02-01", by: "month" });
});
