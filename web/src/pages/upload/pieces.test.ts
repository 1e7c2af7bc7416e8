import { expect, test } from "vitest";
import { base64, count, joined, lastDay, lengthOf, refusedCsv, secondsLeft } from "./pieces.ts";

test("bytes become base64, however many", () => {
  expect(base64(new Uint8Array([0, 255, 10]))).toBe("AP8K");
  const many = new Uint8Array(100_000).map((_, n) => n % 256);
  expect(Uint8Array.from(atob(base64(many)), (char) => char.charCodeAt(0))).toEqual(many);
});

test("stretches of days that touch become one", () => {
  const [a, b, c] = [{ from: "2025-03-01", to: "2025-03-03" }, { from: "2025-03-03", to: "2025-03-04" }, { from: "2025-05-01", to: "2025-05-02" }];
  expect(joined([c, a], [b])).toEqual([{ from: "2025-03-01", to: "2025-03-04" }, c]);
  expect(joined([a], [a])).toEqual([a]);
  expect(count(joined([a, c], [b]))).toBe(4);
  expect(lastDay("2025-04-01")).toBe("2025-03-31");
  expect([7, 31, 32].map(lengthOf)).toEqual(["week", "month", "year"]);
});

test("what was refused is a table that no program takes for formulas", () => {
  const troubles = [{ code: "number", text: 'column "a": \'=1\'', line: 7 }, { code: "time", text: "x", line: 8 }];
  const text = refusedCsv(["Line", "Why"], troubles, (each) => (each.code === "time" ? "=no time" : "no number"));
  expect(text).toBe('Line,Why\r\n7,"no number (column ""a"": \'=1\')"\r\n8,\'=no time (x)\r\n');
});

test("time left is said once something is known", () => {
  expect(secondsLeft(0.01, 9_000)).toBeNull();
  expect(secondsLeft(0.5, 10_000)).toBe(10);
  expect(secondsLeft(1, 10_000)).toBe(1);
});
