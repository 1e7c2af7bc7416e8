import { tick } from "svelte";

/** The address bar as state: the path, and a query that pages read and change. */
class Router {
  path = $state(location.pathname);
  query = $state.raw(new URLSearchParams(location.search));
  /** How many pages were gone to since loading. */
  visits = 0;

  constructor() {
    addEventListener("popstate", () => {
      this.visits += 1;
      this.#read();
    });
    document.addEventListener("click", (event) => this.#follow(event));
  }

  /** Goes to another page: a new entry in the history, the view at its top, its heading focused. */
  async go(address: string, { replace = false } = {}): Promise<void> {
    history[replace ? "replaceState" : "pushState"](null, "", address);
    this.visits += 1;
    this.#read();
    await tick();
    scrollTo(0, 0);
  }

  /** Changes parts of the query of this page; null takes a part away. */
  set(changes: Readonly<Record<string, string | null>>, { replace = false } = {}): void {
    const query = new URLSearchParams(this.query);
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) query.delete(key);
      else query.set(key, value);
    }
    const text = query.toString().replaceAll("%3A", ":");
    history[replace ? "replaceState" : "pushState"](null, "", this.path + (text && `?${text}`));
    this.#read();
  }

  #read(): void {
    this.path = location.pathname;
    this.query = new URLSearchParams(location.search);
  }

  /** Links of our own are followed without loading everything anew. */
  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest("a");
    if (!link || link.origin !== location.origin || link.target || link.hasAttribute("download")) return;
    if (link.hash && link.pathname === location.pathname) return;
    if (link.pathname.startsWith("/api/") || link.pathname.startsWith("/schema")) return;
    event.preventDefault();
    void this.go(link.pathname + link.search);
  }
}

export const router = new Router();
