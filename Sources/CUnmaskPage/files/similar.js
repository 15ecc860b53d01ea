// How alike each patch's features are to those of one patch: the cosine of the angle between them.

import { frame, makeUsable, patchAfter, patchAt, placeOf, rampAt } from "./figures.js";

/** The cosines of a patch with all. @param units rows of `width` numbers of length 1 (or 0) */
export function cosines(units, rows, width, patch) {
  const result = new Float32Array(rows);
  for (let row = 0; row < rows; row += 1) {
    let sum = 0;
    for (let column = 0; column < width; column += 1) sum += units[patch * width + column] * units[row * width + column];
    result[row] = sum;
  }
  return result;
}

function ofLengthOne(values, rows, width) {
  const result = Float32Array.from(values);
  for (let row = 0; row < rows; row += 1) {
    const features = result.subarray(row * width, (row + 1) * width);
    const length = Math.sqrt(features.reduce((sum, value) => sum + value * value, 0));
    if (length > 0) features.forEach((value, column) => { features[column] = value / length; });
  }
  return result;
}

/** The picture of similar patches. */
export class Similar {
  /** @param figures of the look; the one of features is pointed at, too. @param said where a patch is named */
  constructor(figures, said) {
    this.shown = figures.similar;
    this.said = said;
    this.patch = null;
    makeUsable(this.shown.canvas, "Similar patches. Arrow keys move.");
    for (const { root, canvas } of [figures.similar, figures.features]) {
      root.classList.add("is-pointed");
      canvas.addEventListener("pointerdown", (event) => this.#point(patchAt(event, canvas, this.grid)));
      canvas.addEventListener("pointermove", (event) => this.#point(patchAt(event, canvas, this.grid)));
    }
    this.shown.canvas.addEventListener("keydown", (event) => {
      const next = patchAfter(event.key, this.patch, this.grid);
      if (next === undefined) return;
      event.preventDefault();
      this.#point(next);
      this.said.textContent = this.shown.text.textContent;
    });
  }

  /** @param features of all patches, row-major. @param side of a patch on the canvas */
  use(features, grid, side) {
    const count = grid.rows * grid.columns;
    const isSameGrid = this.grid?.rows === grid.rows && this.grid?.columns === grid.columns;
    Object.assign(this, { grid, side, count, width: features.length / count });
    this.units = ofLengthOne(features, count, this.width);
    const middle = Math.floor(grid.rows / 2) * grid.columns + Math.floor(grid.columns / 2);
    this.#point(isSameGrid && this.patch !== null ? this.patch : middle);
  }

  #point(patch) {
    this.patch = patch;
    const { columns } = this.grid;
    const similar = cosines(this.units, this.count, this.width, patch);
    // The patch itself has 1, whatever the others have.
    const others = similar.filter((_, id) => id !== patch);
    const [least, most] = [Math.min(...others), Math.max(...others)];
    const context = this.shown.canvas.getContext("2d");
    const place = (id) => [(id % columns) * this.side, Math.floor(id / columns) * this.side, this.side, this.side];
    similar.forEach((value, id) => {
      context.fillStyle = rampAt(most > least ? (value - least) / (most - least) : 1);
      context.fillRect(...place(id));
    });
    frame(context, place(patch));
    this.shown.text.textContent = `${placeOf(patch, columns)}: how alike the others' features are, the cosine of the angle `
      + `between them. Dark ${least.toFixed(3)}, yellow ${most.toFixed(3)}. Point at another patch, here or in the picture before.`;
  }
}
