import { expect, test } from "vitest";
import { en as common } from "../../words/common/en.ts";
import type { Message } from "../../words/words.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";

/** Keys that are put together, by their beginning. */
const BUILT = ["status.", "mode."];
const sources = import.meta.glob<string>(["../**/*.svelte", "../**/*.ts", "!./*.ts"], { query: "?raw", import: "default", eager: true });
const slots = (message: Message): string[] => {
  const text = typeof message === "string" ? message : `${message.one} ${message.other}`;
  return [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
};

test("every German message has the same slots as the English one", () => {
  for (const key of Object.keys(en) as (keyof typeof en)[]) expect(slots(de[key]), key).toEqual(slots(en[key]));
});

test("every message is said somewhere", () => {
  const all = Object.values(sources).join("\n");
  const own = Object.keys(en).filter((key) => !(key in common) && !BUILT.some((start) => key.startsWith(start)));
  expect(own.filter((key) => !all.includes(`"${key}"`))).toEqual([]);
});
