import { onMount } from "svelte";

/**
 * Does something now and again while the page is looked at; `wait` is how long after its end, in
 * milliseconds, it is done again.  A page in a hidden tab asks nothing.
 */
export function repeatedly(work: () => Promise<void>, wait: () => number): void {
  onMount(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let over = false;
    const again = async (): Promise<void> => {
      clearTimeout(timer);
      if (!document.hidden) await work();
      if (!over) timer = setTimeout(() => void again(), wait());
    };
    const seen = (): void => {
      if (!document.hidden) void again();
    };
    document.addEventListener("visibilitychange", seen);
    void again();
    return () => {
      over = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  });
}
