import { expect, test } from "vitest";
import type { Look } from "../../api/uploads.ts";
import { anew, patternOf, rolesOf, unitsLike, withRole, withUnit } from "./roles.ts";

const LOOK = {
  how: { time: [1, 2], meter_column: 4, meter: "A", time_format: "%d.%m.%Y %H:%M", columns: [{ number: 3, key: "1.8.0", unit: "kWh" }] },
  columns: [1, 2, 3, 4, 5].map((number) => ({ number, name: `c${number}`, kind: "number", sample: [] })),
} as unknown as Look;

test("columns are what the server understood", () => {
  expect(rolesOf(LOOK)).toEqual(["time", "time", "1.8.0", "meter", "none"]);
});

test("a quantity moves to the column that is chosen for it", () => {
  const how = withRole(LOOK, {}, 5, "1.8.0", "Wh");
  expect(how.columns).toEqual([{ number: 5, key: "1.8.0", unit: "Wh" }]);
  expect(how.time).toEqual([1, 2]);
  expect(how.meter_column).toBe(4);
});

test("a time column more or less is looked at anew", () => {
  expect(withRole(LOOK, {}, 5, "time", null)).toMatchObject({ time: [1, 2, 5], time_format: null });
  expect(withRole(LOOK, {}, 2, "none", null)).toMatchObject({ time: [1], time_format: null });
  expect(withRole(LOOK, { zone: "UTC" }, 4, "none", null)).toMatchObject({ meter_column: 0, zone: "UTC" });
  expect(withRole(LOOK, {}, 3, "meter", null)).toMatchObject({ meter_column: 3, meter: null, columns: [] });
});

test("a unit is of its column, and what is like it can be chosen", () => {
  expect(withUnit(LOOK, {}, 3, "Wh").columns).toEqual([{ number: 3, key: "1.8.0", unit: "Wh" }]);
  expect(unitsLike("kWh")).toEqual(["Wh", "kWh", "MWh"]);
  expect(unitsLike("Hz")).toEqual(["Hz"]);
});

test("another delimiter forgets the columns and keeps the rest", () => {
  expect(anew({ zone: "UTC", time: [1], columns: [] }, { delimiter: ";" })).toEqual({ zone: "UTC", delimiter: ";" });
});

test("times are spelled as people do", () => {
  expect(patternOf("%d.%m.%Y %H:%M", "en")).toBe("DD.MM.YYYY hh:mm");
  expect(patternOf("%d.%m.%Y %H:%M", "de")).toBe("TT.MM.JJJJ hh:mm");
});
