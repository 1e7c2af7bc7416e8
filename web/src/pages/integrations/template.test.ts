import { expect, test } from "vitest";
import { lengthAt, offsetOf, read, written } from "./template.ts";

test("valid JSON is a structure, anything else a text", () => {
  expect(read('{"p": "${1_7_0}"}')).toEqual({ p: "${1_7_0}" });
  expect(read('{"p": ${1_7_0}}')).toBe('{"p": ${1_7_0}}');
  expect(read("power ${1_7_0}")).toBe("power ${1_7_0}");
  expect(read("12")).toBe("12");
});

test("a template comes back as it is edited", () => {
  expect(written(null)).toBeNull();
  expect(written("a ${MAC}")).toBe("a ${MAC}");
  expect(read(written({ a: ["${MAC}"] }) ?? "")).toEqual({ a: ["${MAC}"] });
});

test("line and column lead to the wrong part", () => {
  const text = "{\n  ${nope}, x";
  const at = offsetOf(text, 2, 3);
  expect(text.slice(at, at + lengthAt(text, at))).toBe("${nope}");
  expect(offsetOf(text, 9, 9)).toBe(text.length);
  expect(lengthAt(text, text.length)).toBe(0);
});
