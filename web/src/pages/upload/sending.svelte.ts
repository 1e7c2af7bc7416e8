import { OFFLINE, Problem } from "../../api/client.ts";
import { uploads, type Days, type Taken, type Trouble } from "../../api/uploads.ts";
import { session } from "../../app/session.svelte.ts";
import { base64, joined, PIECE, secondsLeft } from "./pieces.ts";

const WAITS_MS = [1_000, 2_000, 5_000, 10_000, 20_000, 30_000];
/** What may pass by itself: no connection, too much at once, a part that is away. */
const PASSING = new Set([OFFLINE, 429, 503]);
/** Refused lines that are kept here; the others are counted. */
const KEPT = 100_000;

export type Stage = "running" | "waiting" | "stopped" | "failed" | "done";
type Ready = { readonly at: number; readonly state: string };

/** One way through a file, piece by piece: storing, or only saying what would be stored. */
export class Sending {
  stage = $state<Stage>("running");
  /** The share of the file that was taken, 0 to 1. */
  done = $state(0);
  left = $state<number | null>(null);
  line = $state(0);
  stored = $state(0);
  known = $state(0);
  refused = $state(0);
  others = $state(0);
  troubles = $state.raw<readonly Trouble[]>([]);
  days = $state.raw<readonly Days[]>([]);
  problem = $state.raw<Problem>();

  #at: number;
  #state: string;
  #began = 0;
  #from = 0;
  #stop = new AbortController();

  constructor(
    readonly meter: string,
    readonly file: File,
    ready: Ready,
    readonly store: boolean,
  ) {
    this.#at = ready.at;
    this.#state = ready.state;
  }

  /** Sends what is left. */
  async run(): Promise<void> {
    this.stage = "running";
    this.problem = undefined;
    this.#stop = new AbortController();
    this.#began = performance.now();
    this.#from = this.done;
    try {
      while (!(await this.#piece()));
      this.stage = "done";
    } catch (trouble) {
      if (this.#stop.signal.aborted) this.stage = "stopped";
      else if (trouble instanceof Problem) this.#failed(trouble);
      else this.#failed(new Problem(-1, "", String(trouble))); // the file cannot be read any more
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  #failed(problem: Problem): void {
    if (problem.status === 401) session.lost();
    this.problem = problem;
    this.stage = "failed";
  }

  /** Sends one piece; true when it was the last one. */
  async #piece(): Promise<boolean> {
    const last = this.#at + PIECE >= this.file.size;
    const data = base64(new Uint8Array(await this.file.slice(this.#at, this.#at + PIECE).arrayBuffer()));
    const taken = await this.#patiently(() =>
      uploads.piece(this.meter, { state: this.#state, data, last, store: this.store, file: this.file.name.slice(0, 200) }, this.#stop.signal),
    );
    this.#add(taken);
    return last;
  }

  async #patiently(send: () => Promise<Taken>): Promise<Taken> {
    for (let n = 0; ; n += 1) {
      try {
        const taken = await send();
        this.stage = "running";
        return taken;
      } catch (trouble) {
        const wait = WAITS_MS[n];
        if (!(trouble instanceof Problem) || !PASSING.has(trouble.status) || wait === undefined) throw trouble;
        this.stage = "waiting";
        await this.#rest(wait);
      }
    }
  }

  #rest(ms: number): Promise<void> {
    const { signal } = this.#stop;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason as Error)), { once: true });
    });
  }

  #add(taken: Taken): void {
    this.#at += taken.taken;
    this.#state = taken.state;
    this.line = taken.line - 1;
    this.stored += taken.stored;
    this.known += taken.known;
    this.refused += taken.refused;
    this.others += taken.others;
    if (taken.troubles.length && this.troubles.length < KEPT) this.troubles = [...this.troubles, ...taken.troubles].slice(0, KEPT);
    if (taken.days.length) this.days = joined(this.days, taken.days);
    this.done = this.file.size ? Math.min(1, this.#at / this.file.size) : 1;
    const whole = 1 - this.#from;
    this.left = secondsLeft(whole ? (this.done - this.#from) / whole : 1, performance.now() - this.#began);
  }
}
