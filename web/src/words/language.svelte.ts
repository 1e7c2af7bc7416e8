import { speaker } from "./chosen.svelte.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";
import type { Key } from "./words.ts";

export { chosen, LANGUAGES, type Language } from "./chosen.svelte.ts";

/** What the cloud's pages say, in the chosen language. */
export const t = speaker<typeof en>({ en, de });

/** What a kind of meter is called; a kind that the pages do not know yet says its own name. */
export function kindOf(type: string): string {
  const key = `kind.${type}`;
  return key in en ? t(key as Key & `kind.${string}`) : type;
}
