// What a model makes of an image, as pictures: what it saw, what it rebuilt, where it was wrong, and what it finds alike.

import { components } from "./components.js";
import { figure, frame, makeUsable, patchAfter, patchAt, placeOf, rampAt } from "./figures.js";
import { Similar } from "./similar.js";

/** The least side of a picture on the canvas; small ones are magnified by a whole number. */
const leastSide = 224;

const captions = {
  original: ["What the model is given", "The image after its preparation: scaled, cut and, for some models, made grey."],
  masked: ["What the model sees", "Grey patches are hidden. Paint here with the pointer, or with arrow keys and space."],
  reconstruction: ["What the decoder predicts", ""],
  merged: ["The picture completed", "Visible patches as they were, hidden ones as they were predicted."],
  errors: ["Where it is wrong", ""],
  features: ["What it finds alike", "The three main directions of the patches' features as red, green and blue: like colours, "
    + "like features (principal components of this image alone)."],
  similar: ["Similar patches", "Point at a patch, here or in the picture before, or go there with arrow keys."],
  segments: ["What each place is", ""],
  strange: ["Where it looks strange", ""],
};

/** Why the third picture looks as it does. */
const reasons = {
  true: "Every patch, also the visible ones. This decoder was trained on each patch's structure without its brightness and "
    + "contrast: those two numbers are the original's, of hidden patches too.",
  false: "Every patch, also the visible ones: on these the decoder was not trained, so they may look worse than hidden ones.",
};

/** The pictures of one image. */
export class Look {
  /**
   * @param tiles where the pictures go
   * @param said where a patch is named as it is painted
   * @param painted is told the ids of the patches that stay visible
   */
  constructor(tiles, said, painted) {
    this.said = said;
    this.painted = painted;
    this.figures = Object.fromEntries(Object.entries(captions).map(([name, texts]) => [name, figure(name, texts)]));
    tiles.replaceChildren(...Object.values(this.figures).map((shown) => shown.root));
    this.figures.masked.root.className = "is-painted";
    this.#listen(this.figures.masked.canvas);
    this.similar = new Similar(this.figures, said);
    this.cursor = null;
  }

  /** @param model as `info` tells of it */
  use(model) {
    if (this.model?.hash === model.hash) return;
    this.model = model;
    this.answer = null;
    this.cursor = null;
    [this.height, this.width] = model.image_size;
    this.patch = model.patch_size;
    this.columns = Math.floor(this.width / this.patch);
    this.grid = { rows: Math.floor(this.height / this.patch), columns: this.columns };
    this.zoom = Math.max(1, Math.ceil(leastSide / this.height));
    for (const shown of Object.values(this.figures)) shown.root.hidden = true;
  }

  /** @param answer of `reconstruct` */
  show(answer) {
    this.answer = answer;
    this.kept = new Set(answer.ids_keep);
    const { original, reconstruction, merged, errors } = this.figures;
    this.#draw(original, 0);
    this.#draw(reconstruction, 2);
    this.#draw(merged, 3);
    reconstruction.text.textContent = reasons[answer.norm_pix_statistics];
    this.#drawMask();
    this.#drawErrors(errors);
  }

  /** @param values the tokens' features, row-major; those in front of the patches' are left out */
  showFeatures(values) {
    const patches = this.model.patches;
    const width = this.model.width;
    const features = values.subarray(values.length - patches * width);
    const colours = components(features, patches, width);
    const context = this.#begin(this.figures.features);
    for (let id = 0; id < patches; id += 1) {
      context.fillStyle = `rgb(${[0, 1, 2].map((c) => Math.round(255 * colours[3 * id + c])).join(" ")})`;
      context.fillRect(...this.#place(id));
    }
    // Of a model that makes fewer tokens than it cuts patches, they lie otherwise.
    this.figures.similar.root.hidden = patches !== this.grid.rows * this.grid.columns;
    if (this.figures.similar.root.hidden) return;
    this.#begin(this.figures.similar);
    this.similar.use(features, this.grid, this.patch * this.zoom);
  }

  /**
   * Lays what a head says of every place over the image, where there is a picture of it.
   * @param name segments or strange
   * @param picture a pixel for each place
   * @param said the words below
   */
  showPlaces(name, { picture, said }) {
    const shown = this.figures[name];
    const context = this.answer ? this.#draw(shown, 0) : this.#begin(shown);
    context.imageSmoothingEnabled = name === "strange";
    context.drawImage(picture, 0, 0, shown.canvas.width, shown.canvas.height);
    shown.text.replaceChildren(...said);
  }

  /** No head says anything of places. */
  hidePlaces() {
    for (const name of ["segments", "strange"]) this.figures[name].root.hidden = true;
  }

  #begin(shown) {
    shown.root.hidden = false;
    shown.canvas.width = this.width * this.zoom;
    shown.canvas.height = this.height * this.zoom;
    const context = shown.canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    return context;
  }

  #draw(shown, row) {
    const context = this.#begin(shown);
    const { canvas } = shown;
    context.drawImage(this.answer.sheet, 0, row * this.height, this.width, this.height, 0, 0, canvas.width, canvas.height);
    return context;
  }

  /** Left, top, width and height of a patch on the canvas. */
  #place(id) {
    const side = this.patch * this.zoom;
    return [(id % this.columns) * side, Math.floor(id / this.columns) * side, side, side];
  }

  #drawMask() {
    const context = this.#draw(this.figures.masked, 0);
    context.fillStyle = "rgb(128 128 128)";
    for (let id = 0; id < this.answer.mask.length; id += 1) {
      if (!this.kept.has(id)) context.fillRect(...this.#place(id));
    }
    if (this.cursor === null) return;
    frame(context, this.#place(this.cursor));
  }

  #drawErrors(shown) {
    const context = this.#begin(shown);
    const errors = this.answer.result.patch_errors;
    const hidden = errors.filter((_, id) => this.answer.mask[id] === 1);
    const most = Math.max(...errors, 1e-12);
    errors.forEach((error, id) => {
      context.fillStyle = rampAt(Math.sqrt(error / most));
      context.fillRect(...this.#place(id));
    });
    const mean = hidden.reduce((sum, error) => sum + error, 0) / Math.max(hidden.length, 1);
    shown.text.textContent = `Mean squared error of each patch, in the model's own units: dark 0, yellow ${most.toPrecision(2)}. `
      + (hidden.length ? `Mean over hidden patches: ${mean.toPrecision(3)}.` : "Nothing is hidden.");
  }

  // Painting

  #listen(canvas) {
    let isHiding = null;
    makeUsable(canvas, "Mask. Arrow keys move, space hides or shows a patch.");
    canvas.addEventListener("pointerdown", (event) => {
      if (!this.answer) return;
      canvas.setPointerCapture(event.pointerId);
      const id = patchAt(event, canvas, this.grid);
      isHiding = this.kept.has(id);
      this.#paint(id, isHiding);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (isHiding !== null) this.#paint(patchAt(event, canvas, this.grid), isHiding);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, () => {
        if (isHiding !== null) this.#finish();
        isHiding = null;
      });
    }
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("blur", () => {
      this.cursor = null;
      if (this.answer) this.#drawMask();
    });
  }

  #paint(id, isHiding) {
    // A model that sees nothing can rebuild nothing.
    if (isHiding && this.kept.size > 1) this.kept.delete(id);
    if (!isHiding) this.kept.add(id);
    this.said.textContent = `${placeOf(id, this.columns)}: ${this.kept.has(id) ? "visible" : "hidden"}. `
      + `${this.kept.size} of ${this.answer.mask.length} patches are visible.`;
    this.#drawMask();
  }

  #finish() {
    this.painted([...this.kept].sort((a, b) => a - b));
  }

  #key(event) {
    const next = patchAfter(event.key, this.cursor, this.grid);
    const isToggle = event.key === " " || event.key === "Enter";
    if (!this.answer || (next === undefined && !isToggle)) return;
    event.preventDefault();
    this.cursor = next ?? this.cursor ?? 0;
    if (isToggle) {
      this.#paint(this.cursor, this.kept.has(this.cursor));
      this.#finish();
    } else {
      this.said.textContent = `${placeOf(this.cursor, this.columns)}: ${this.kept.has(this.cursor) ? "visible" : "hidden"}.`;
      this.#drawMask();
    }
  }
}
