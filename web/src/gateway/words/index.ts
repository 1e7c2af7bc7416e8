import { speaker } from "../../words/chosen.svelte.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";

export type Key = keyof typeof en;

/** What the gateway's pages say, in the chosen language. */
export const t = speaker<typeof en>({ en, de });
