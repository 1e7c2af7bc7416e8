import { expect, test } from "vitest";
import { de } from "./de.ts";
import { en } from "./en.ts";
import { filled, type Key, type Message } from "./words.ts";

const slots = (message: Message): string[] => {
  const text = typeof message === "string" ? message : `${message.one} ${message.other}`;
  return [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
};

test("every German message has the same slots as the English one", () => {
  for (const key of Object.keys(en) as Key[]) expect(slots(de[key]), key).toEqual(slots(en[key]));
});

test("a count chooses the form and is written by locale", () => {
  expect(filled(en["meters.found"], { count: 1 }, "en-GB")).toBe("One meter found");
  expect(filled(de["meters.found"], { count: 1234 }, "de-DE")).toBe("1.234 Zähler gefunden");
});
