// What a model makes of an image, as pictures: what it saw, what it rebuilt, where it was wrong, and what it finds alike.

import { components } from "./components.js";

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
  segments: ["What each place is", ""],
  strange: ["Where it looks strange", ""],
};

/** Why the third picture looks as it does. */
const reasons = {
  true: "Every patch, also the visible ones. This decoder was trained on each patch's structure without its brightness and "
    + "contrast: those two numbers are the original's, of hidden patches too.",
  false: "Every patch, also the visible ones: on these the decoder was not trained, so they may look worse than hidden ones.",
};

/** Dark to light as errors grow; each step is lighter, so that it reads without colours (viridis, 5 of its colours). */
const ramp = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];

function rampAt(share) {
  const at = Math.min(Math.max(share, 0), 1) * (ramp.length - 1);
  const from = Math.min(Math.floor(at), ramp.length - 2);
  return ramp[from].map((low, channel) => Math.round(low + (at - from) * (ramp[from + 1][channel] - low)));
}

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
    this.#listen(this.figures.masked.canvas);
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
    const colours = components(values.subarray(values.length - patches * width), patches, width);
    const context = this.#begin(this.figures.features);
    for (let id = 0; id < patches; id += 1) {
      context.fillStyle = `rgb(${[0, 1, 2].map((c) => Math.round(255 * colours[3 * id + c])).join(" ")})`;
      context.fillRect(...this.#place(id));
    }
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
    const [left, top, side] = this.#place(this.cursor);
    for (const [colour, inset] of [["black", 1], ["white", 3]]) {
      context.strokeStyle = colour;
      context.lineWidth = 2;
      context.strokeRect(left + inset, top + inset, side - 2 * inset, side - 2 * inset);
    }
  }

  #drawErrors(shown) {
    const context = this.#begin(shown);
    const errors = this.answer.result.patch_errors;
    const hidden = errors.filter((_, id) => this.answer.mask[id] === 1);
    const most = Math.max(...errors, 1e-12);
    errors.forEach((error, id) => {
      context.fillStyle = `rgb(${rampAt(Math.sqrt(error / most)).join(" ")})`;
      context.fillRect(...this.#place(id));
    });
    const mean = hidden.reduce((sum, error) => sum + error, 0) / Math.max(hidden.length, 1);
    shown.text.textContent = `Mean squared error of each patch, in the model's own units: dark 0, yellow ${most.toPrecision(2)}. `
      + (hidden.length ? `Mean over hidden patches: ${mean.toPrecision(3)}.` : "Nothing is hidden.");
  }

  // Painting

  #listen(canvas) {
    let isHiding = null;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", "Mask. Arrow keys move, space hides or shows a patch.");
    canvas.addEventListener("pointerdown", (event) => {
      if (!this.answer) return;
      canvas.setPointerCapture(event.pointerId);
      const id = this.#patchAt(event, canvas);
      isHiding = this.kept.has(id);
      this.#paint(id, isHiding);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (isHiding !== null) this.#paint(this.#patchAt(event, canvas), isHiding);
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

  #patchAt(event, canvas) {
    const frame = canvas.getBoundingClientRect();
    const rows = Math.floor(this.height / this.patch);
    const share = (value, from, length, count) => Math.min(Math.max(Math.floor(((value - from) / length) * count), 0), count - 1);
    return share(event.clientY, frame.top, frame.height, rows) * this.columns
      + share(event.clientX, frame.left, frame.width, this.columns);
  }

  #paint(id, isHiding) {
    // A model that sees nothing can rebuild nothing.
    if (isHiding && this.kept.size > 1) this.kept.delete(id);
    if (!isHiding) this.kept.add(id);
    this.said.textContent = `Row ${Math.floor(id / this.columns) + 1}, column ${(id % this.columns) + 1}: `
      + `${this.kept.has(id) ? "visible" : "hidden"}. ${this.kept.size} of ${this.answer.mask.length} patches are visible.`;
    this.#drawMask();
  }

  #finish() {
    this.painted([...this.kept].sort((a, b) => a - b));
  }

  #key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns }[event.key];
    const isToggle = event.key === " " || event.key === "Enter";
    if (!this.answer || (step === undefined && !isToggle)) return;
    event.preventDefault();
    const count = this.answer.mask.length;
    if (this.cursor === null) this.cursor = 0;
    else if (step !== undefined && this.cursor + step >= 0 && this.cursor + step < count) this.cursor += step;
    if (isToggle) {
      this.#paint(this.cursor, this.kept.has(this.cursor));
      this.#finish();
    } else {
      this.said.textContent = `Row ${Math.floor(this.cursor / this.columns) + 1}, column ${(this.cursor % this.columns) + 1}: `
        + `${this.kept.has(this.cursor) ? "visible" : "hidden"}.`;
      this.#drawMask();
    }
  }
}

function figure(name, [title, text]) {
  const root = document.createElement("figure");
  root.id = `picture-${name}`;
  root.hidden = true;
  if (name === "masked") root.className = "is-painted";
  const canvas = document.createElement("canvas");
  const caption = document.createElement("figcaption");
  const heading = document.createElement("b");
  const explained = document.createElement("span");
  heading.textContent = title;
  explained.textContent = text;
  caption.append(heading, explained);
  if (name !== "masked") {
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", title);
  }
  root.append(canvas, caption);
  return { root, canvas, text: explained };
}
