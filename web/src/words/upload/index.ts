import { speaker } from "../chosen.svelte.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";

/** What the page for past readings says, in the chosen language. */
export const u = speaker<typeof en>({ en, de });

/** What a code of the server means; one that the page does not know says the server's own words. */
export function said(kind: "missing" | "trouble" | "warning", code: string, text: string, column: string): string {
  const key = `${kind}.${code}`;
  return key in en ? u(key as "trouble.number", { column }) : text;
}
