/** How a heat map is drawn: a column a day, a row a time of the clock, the stronger the more. */

export interface Heat {
  /** One a day; each has a value for every time of the clock, null where there is none. */
  readonly values: readonly (readonly (number | null)[])[];
  readonly times: number;
  readonly most: number;
}

const FAINTEST = 0.08;

/** Fills the canvas, `width` and `height` in CSS pixels; `picked` is marked. */
export function drawHeat(
  canvas: HTMLCanvasElement, heat: Heat, size: { width: number; height: number }, picked: { day: number; time: number } | undefined,
): void {
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(size.width * ratio);
  canvas.height = Math.round(size.height * ratio);
  const drawing = canvas.getContext("2d");
  if (!drawing) return;
  const { color, outlineColor } = getComputedStyle(canvas);
  const [across, down] = [canvas.width / Math.max(1, heat.values.length), canvas.height / heat.times];
  const gap = across > 6 * ratio ? ratio : 0;
  drawing.fillStyle = color;
  const cell = (day: number, time: number): [number, number, number, number] => {
    const [x, y] = [Math.floor(day * across), Math.floor(time * down)];
    return [x, y, Math.ceil((day + 1) * across) - x - gap, Math.ceil((time + 1) * down) - y - gap];
  };
  heat.values.forEach((times, day) => {
    times.forEach((value, time) => {
      if (value === null) return;
      drawing.globalAlpha = heat.most > 0 ? FAINTEST + (1 - FAINTEST) * Math.max(0, value / heat.most) : FAINTEST;
      drawing.fillRect(...cell(day, time));
    });
  });
  if (!picked) return;
  drawing.globalAlpha = 1;
  drawing.strokeStyle = outlineColor;
  drawing.lineWidth = 2 * ratio;
  drawing.strokeRect(...cell(picked.day, picked.time));
}
