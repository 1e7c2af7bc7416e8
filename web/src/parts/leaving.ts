/**
 * What is done when a field is left, but never between press and release: a button that is being
 * pressed must not move away.
 */
export class Leaving {
  #pressing = false;
  #waiting: (() => void) | undefined;

  left(work: () => void): void {
    if (this.#pressing) this.#waiting = work;
    else work();
  }

  pressed = (): void => {
    this.#pressing = true;
  };

  released = (): void => {
    this.#pressing = false;
    const work = this.#waiting;
    this.#waiting = undefined;
    if (work) setTimeout(work);
  };
}
