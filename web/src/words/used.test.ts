import { expect, test } from "vitest";
import { en } from "./en.ts";

/** Keys that are put together, by their beginning. */
const BUILT = ["energy.with.", "kind.", "identity.", "account.mode.", "account.role.", "meter.reading.", "meter.accepted", "meter.late", "meter.duplicate", "meter.refused"];
const sources = import.meta.glob<string>(["../**/*.svelte", "../**/*.ts", "!./**/en.ts", "!./**/de.ts", "!../gateway/words/*.ts", "!../**/*.test.ts"], {
  query: "?raw", import: "default", eager: true,
});

test("every message is said somewhere", () => {
  const all = Object.values(sources).join("\n");
  const unused = Object.keys(en).filter((key) => !BUILT.some((start) => key.startsWith(start)) && !all.includes(`"${key}"`) && !all.includes(`'${key}'`));
  expect(unused).toEqual([]);
});
