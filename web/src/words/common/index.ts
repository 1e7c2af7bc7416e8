import { speaker } from "../chosen.svelte.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";

/** What the shared parts say, in the chosen language. */
export const t = speaker<typeof en>({ en, de });
