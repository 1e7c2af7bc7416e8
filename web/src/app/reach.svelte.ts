/** Whether the server was reached the last time, and when it last was. */
class Reach {
  lost = $state(false);
  /** In milliseconds of this device's clock. */
  last = $state<number>();

  ok(): void {
    this.lost = false;
    this.last = Date.now();
  }

  failed(): void {
    this.lost = true;
  }
}

export const reach = new Reach();
