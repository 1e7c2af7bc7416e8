import { Problem } from "../../api/client.ts";
import { session } from "../../app/session.svelte.ts";
import { said } from "../../parts/said.ts";

/** The steps that a view's buttons stand for, one at a time, and what the server said against the last one. */
export class Doing {
  busy = $state(false);
  wrong = $state<string>();

  /** Does one; false when it did not work, which `wrong` then tells. */
  async run(step: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.wrong = undefined;
    try {
      await step();
      return true;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.status === 401) session.lost();
      this.wrong = said(problem);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
