import { api, Problem, type User } from "../api/client.ts";
import { chosen } from "../words/chosen.svelte.ts";

/** Who is signed in: undefined until known, null for nobody. */
class Session {
  user = $state.raw<User | null>();
  trouble = $state.raw<Problem>();
  /** True when somebody was signed in here and no longer is. */
  ended = $state(false);

  async load(): Promise<void> {
    try {
      this.trouble = undefined;
      this.take((await api.who()).user);
    } catch (trouble) {
      if (!(trouble instanceof Problem)) throw trouble;
      if (trouble.status === 401) this.user = null;
      else this.trouble = trouble;
    }
  }

  take(user: User): void {
    this.user = user;
    this.ended = false;
    chosen.use(user.language);
  }

  /** Asks whether this session still stands, after something broke. */
  async stillThere(): Promise<void> {
    try {
      await api.who();
    } catch (trouble) {
      if (!(trouble instanceof Problem)) throw trouble;
      if (trouble.status === 401) this.lost();
    }
  }

  /** The server no longer knows this session. */
  lost(): void {
    if (this.user) this.ended = true;
    this.user = null;
  }

  async signOut(): Promise<void> {
    await api.signOut();
    this.user = null;
  }
}

export const session = new Session();
