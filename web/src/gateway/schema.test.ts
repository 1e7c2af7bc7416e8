import { expect, test } from "vitest";
import { at, fieldsIn, nested } from "./schema.ts";

const WHOLE = {
  components: { schemas: { Part: { type: "object", properties: { port: { type: "integer", minimum: 1, maximum: 65535 } } } } },
};

test("fields are found by dotted names, with their ranges, behind references and beside null", () => {
  const schema = { properties: { part: { $ref: "#/components/schemas/Part" }, pem: { anyOf: [{ type: "string", maxLength: 9 }, { type: "null" }] } } };
  const found = fieldsIn(schema, WHOLE);
  expect(found["part.port"]).toMatchObject({ type: "integer", minimum: 1, maximum: 65535 });
  expect(found.pem).toMatchObject({ type: "string", maxLength: 9 });
});

test("changes are put together as the API takes them", () => {
  expect(nested({ "a.b": 1, "a.c": null, d: "x" })).toEqual({ a: { b: 1, c: null }, d: "x" });
});

test("what is not there is undefined, whatever stands above it", () => {
  expect(at({ a: { b: 1 } }, "a.b")).toBe(1);
  expect(at({ a: null }, "a.b.c")).toBeUndefined();
});
