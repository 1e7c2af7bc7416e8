import { expect, test } from "vitest";
import { complaint, rulesIn } from "./rules.ts";

const description = {
  paths: { "/api/thing": { put: { requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/Thing" } } } } } } },
  components: {
    schemas: {
      Thing: {
        required: ["name"],
        properties: {
          name: { type: "string", minLength: 3, maxLength: 5 },
          mail: { oneOf: [{ type: "string", format: "email" }, { type: "null" }] },
          word: { minLength: 8, oneOf: [{ type: "string" }] },
          count: { type: ["integer", "null"], minimum: 1, maximum: 9 },
        },
      },
    },
  },
};
const rules = rulesIn(description, "/api/thing", "put");

test("the rules are found behind references and beside null", () => {
  expect([rules.name?.required, rules.mail?.required, rules.mail?.format, rules.count?.type]).toEqual([true, false, "email", "integer"]);
});

test.each([
  ["name", "", "form.required"], ["name", "ab", "form.short"], ["name", "abcdef", "form.long"], ["name", "abcd", undefined],
  ["mail", "nobody", "form.email"], ["mail", "a@b", undefined], ["mail", "", undefined],
  ["word", "short", "form.short"], ["count", "x", "form.number"], ["count", "0", "form.least"], ["count", "10", "form.most"], ["count", "5", undefined],
])("%s “%s” is answered by %s", (field, value, key) => {
  expect(complaint(value, rules[field], rules[field]?.required ?? false)?.key).toBe(key);
});
