import { describe, expect, test } from "vitest";
import { en as common } from "./common/en.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";
import { filled, type Catalogue, type Message } from "./words.ts";

/** Keys that are put together, by their beginning. */
const BUILT: Record<string, readonly string[]> = {
  ".": ["energy.with.", "kind.", "identity.", "account.mode.", "account.role.", "meter.reading.", "meter.accepted", "meter.late", "meter.duplicate", "meter.refused"],
  "./accounts": ["role.", "scope.", "mail.kind.", "mail.security."],
  "./integrations": ["state.", "life.", "one.", "password.overlap"],
  "./upload": ["missing.", "trouble.", "warning.", "kind."],
  "../gateway/words": ["status.", "mode."],
};
const english = import.meta.glob<Catalogue>(["./**/en.ts", "../gateway/words/en.ts"], { import: "en", eager: true });
const german = import.meta.glob<Catalogue>(["./**/de.ts", "../gateway/words/de.ts"], { import: "de", eager: true });
const sources = import.meta.glob<string>(["../**/*.svelte", "../**/*.ts", "!../**/{en,de}.ts", "!../**/*.test.ts"], {
  query: "?raw", import: "default", eager: true,
});

const slots = (message: Message | undefined): string[] => {
  const text = typeof message === "object" ? `${message.one} ${message.other}` : (message ?? "");
  return [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
};

/** Where the words of a folder are said: those of the gateway on its pages alone. */
const pagesOf = (folder: string): string =>
  Object.entries(sources)
    .filter(([path]) => !folder.startsWith("../gateway/") || path.startsWith("../gateway/"))
    .map(([, text]) => text)
    .join("\n");

describe.each(Object.keys(english).map((path) => path.replace("/en.ts", "")))("the words in %s", (folder) => {
  const ours = english[`${folder}/en.ts`] ?? {};
  const theirs = german[`${folder}/de.ts`] ?? {};

  test("every German message has the same slots as the English one", () => {
    expect(Object.keys(theirs)).toEqual(Object.keys(ours));
    for (const key of Object.keys(ours)) expect(slots(theirs[key]), key).toEqual(slots(ours[key]));
  });

  test("every message is said somewhere", () => {
    const all = pagesOf(folder);
    const own = Object.keys(ours).filter((key) => folder === "./common" || !(key in common));
    const plain = own.filter((key) => !BUILT[folder]?.some((start) => key.startsWith(start)));
    expect(plain.filter((key) => !all.includes(`"${key}"`) && !all.includes(`'${key}'`))).toEqual([]);
  });
});

test("a count chooses the form and is written by locale", () => {
  expect(filled(en["meters.found"], { count: 1 }, "en-GB")).toBe("One meter found");
  expect(filled(de["meters.found"], { count: 1234 }, "de-DE")).toBe("1.234 Zähler gefunden");
});
