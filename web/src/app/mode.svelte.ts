export type Mode = "system" | "light" | "dark";

const KEPT = "ohmstead.mode"; // read again by public/mode.js before the first paint
const system = matchMedia("(prefers-color-scheme: dark)");

const kept = (): Mode => {
  const value = localStorage.getItem(KEPT);
  return value === "light" || value === "dark" ? value : "system";
};

/** Light or dark: the system's choice unless pinned on this device. */
class Colours {
  mode = $state<Mode>(kept());
  #systemDark = $state(system.matches);
  dark = $derived(this.mode === "dark" || (this.mode === "system" && this.#systemDark));

  constructor() {
    system.addEventListener("change", (event) => (this.#systemDark = event.matches));
  }

  pin(mode: Mode): void {
    this.mode = mode;
    if (mode === "system") {
      localStorage.removeItem(KEPT);
      delete document.documentElement.dataset.mode;
    } else {
      localStorage.setItem(KEPT, mode);
      document.documentElement.dataset.mode = mode;
    }
  }
}

export const colours = new Colours();
