import { expect, test } from "vitest";
import type { Message } from "../words.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";

/** Keys that are put together, by their beginning. */
const BUILT = ["missing.", "trouble.", "kind."];
const sources = import.meta.glob<string>(["../../**/*.svelte", "../../**/*.ts", "!../**/en.ts", "!../**/de.ts", "!../../**/*.test.ts"], {
  query: "?raw", import: "default", eager: true,
});

const slots = (message: Message): string[] => {
  const text = typeof message === "string" ? message : `${message.one} ${message.other}`;
  return [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
};

test("every German message has the same slots as the English one", () => {
  expect(Object.keys(de)).toEqual(Object.keys(en));
  for (const key of Object.keys(en) as (keyof typeof en)[]) expect(slots(de[key]), key).toEqual(slots(en[key]));
});

test("every message is said somewhere", () => {
  const all = Object.values(sources).join("\n");
  const unused = Object.keys(en).filter((key) => !BUILT.some((start) => key.startsWith(start)) && !all.includes(`"${key}"`));
  expect(unused).toEqual([]);
});
