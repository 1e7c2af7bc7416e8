const SHOWN_MS = 6_000;
const AT_MOST = 3;

/** Short notes that something was done; they go by themselves and take no focus. */
class Toasts {
  shown = $state<{ id: number; text: string }[]>([]);
  #next = 0;

  say(text: string): void {
    const id = this.#next++;
    this.shown = [...this.shown, { id, text }].slice(-AT_MOST);
    setTimeout(() => this.dismiss(id), SHOWN_MS);
  }

  dismiss(id: number): void {
    this.shown = this.shown.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
