import { expect, test } from "vitest";
import { age, brief, full, prefixed, span, THIN } from "./format.ts";
import { dayOf, dayPlus, dayStart, hourOf, ticks } from "./zone.ts";

const spaced = (text: string): string => text.replace(" ", THIN);

test.each([
  [0.842, "kW", "842 W"], [3.4151, "kW", "3.42 kW"], [12_680, "kWh", "12.7 MWh"], [0, "kW", "0 W"],
  [0.9996, "kW", "1.00 kW"], [-1.5, "kW", "−1.50 kW"], [231.04, "V", "231 V"], [4.5, "A", "4.50 A"],
  [0.004, "kWh", "4 Wh"], [3.4, "kW", "3.40 kW"], [21.5, "m3", "21.5 m³"], [-0.0001, "kW", "0 W"],
])("at a glance %f %s reads %s", (value, unit, text) => {
  expect(brief(value, unit, "en-GB").text).toBe(spaced(text));
});

test("unknown is a dash and never a number", () => {
  for (const value of [null, undefined, Number.NaN]) expect(brief(value, "kW", "en-GB").text).toBe("–");
});

test("full precision keeps every digit and the catalogue's unit", () => {
  expect(full(12_345.678, "kWh", "de-DE").text).toBe(spaced("12.345,678 kWh"));
});

test("a whole axis has one prefix, that of its largest value", () => {
  expect(prefixed(0.5, "kW")).toEqual({ unit: "W", by: 1e-3 });
  expect(prefixed(1200, "kW")).toEqual({ unit: "MW", by: 1e3 });
});

test("an age counts in s, min and h and becomes a date after a day", () => {
  expect([age(12), age(125), age(7300), age(90_000)]).toEqual([
    { key: "age.seconds", n: 12 }, { key: "age.minutes", n: 2 }, { key: "age.hours", n: 2 }, null,
  ]);
  expect(span(300, "en-GB")).toBe(`5${THIN}min`);
});

test("a day of the clock change has 23 or 25 hours", () => {
  const hours = (day: string): number =>
    (dayStart(dayPlus(day, 1), "Europe/Zurich") - dayStart(day, "Europe/Zurich")) / 3_600_000;
  expect([hours("2026-03-29"), hours("2026-06-15"), hours("2026-10-25")]).toEqual([23, 24, 25]);
});

test("a day may begin at one o'clock where midnight is skipped", () => {
  const start = dayStart("2018-11-04", "America/Sao_Paulo");
  expect([dayOf(start, "America/Sao_Paulo"), hourOf(start, "America/Sao_Paulo")]).toEqual(["2018-11-04", 1]);
});

test("ticks stand on round hours of the meter's clock, across the clock change and in half-hour zones", () => {
  for (const [zone, day] of [["Europe/Zurich", "2026-10-25"], ["Asia/Kolkata", "2026-06-15"]] as const) {
    const found = ticks(dayStart(day, zone), dayStart(dayPlus(day, 1), zone), zone, 9);
    expect(found.map((ms) => hourOf(ms, zone))).toEqual([0, 3, 6, 9, 12, 15, 18, 21, 0]);
  }
});
