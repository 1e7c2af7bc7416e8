import { Problem } from "../../api/client.ts";
import { session } from "../../app/session.svelte.ts";
import { said } from "../../parts/said.ts";

/** One step at a time, and what the server said against the last one. */
export class Doing {
  busy = $state(false);
  trouble = $state.raw<Problem>();

  /** Does a step; whether it worked. */
  async run(step: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.trouble = undefined;
    try {
      await step();
      return true;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.status === 401) session.lost();
      this.trouble = problem;
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** The trouble in words, for a note beside the button. */
  get said(): string {
    return this.trouble ? said(this.trouble) : "";
  }
}
