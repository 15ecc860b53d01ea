// What fitted heads say of every place of an image: its class, or how strange it looks.

import { bytesOf, score, segment } from "./server.js";

/** Colours of classes, as masks have them (PASCAL VOC's): the bits of a number dealt out to the channels, the highest first. */
function colourOf(number) {
  const colour = [0, 0, 0];
  for (let place = 7, rest = number; place >= 0; place -= 1, rest >>= 3) {
    for (let channel = 0; channel < 3; channel += 1) colour[channel] |= ((rest >> channel) & 1) << place;
  }
  return colour;
}

/** The heads of a kind that were fitted on a model. */
export const headsOfKind = (model, heads, kind) =>
  heads.filter((head) => head.kind === kind && head.stamp.model === model.hash);

/** Asks a head for the class of every pixel. @returns what to draw, what to say, and the answer */
export async function segments(image, model, head, signal) {
  const params = { model: model.name, head: head.name };
  const answer = await segment(image, params, signal);
  const [height, width] = answer.result.shape;
  const numbers = bytesOf(answer.result.pixels);
  const pixels = new ImageData(width, height);
  numbers.forEach((number, index) => {
    // The first class is the ground, of which the image itself is shown.
    pixels.data.set([...colourOf(number), number === 0 ? 0 : 140], 4 * index);
  });
  const legend = answer.result.classes.map(({ label, index, share }) => {
    const entry = document.createElement("span");
    const swatch = document.createElement("span");
    swatch.className = "swatch";
    swatch.style.background = index === 0 ? "transparent" : `rgb(${colourOf(index).join(" ")})`;
    entry.append(swatch, ` ${label} ${(100 * share).toFixed(1)} % `);
    return entry;
  });
  return { picture: await createImageBitmap(pixels), said: [`By ${head.name}: `, ...legend], method: "segment", params, answer };
}

/** Asks a head how strange an image looks, and where. @returns what to draw, what to say, and the answer */
export async function strangeness(image, model, head, signal) {
  const params = { model: model.name, head: head.name };
  const answer = await score(image, params, signal);
  const { patches, score: most, anomalous } = answer.result;
  const [rows, columns] = answer.grid;
  const pixels = new ImageData(columns, rows);
  patches.forEach((distance, index) => {
    // Red begins at half the threshold, and is strongest at one and a half.
    const heat = Math.min(Math.max(distance / Math.max(answer.threshold, 1e-12) - 0.5, 0), 1);
    pixels.data.set([255, 0, 0, Math.round(180 * heat)], 4 * index);
  });
  const said = `By ${head.name}: ${anomalous ? "anomalous" : "like good images"}. Its strangest patch is ${most.toPrecision(3)} away `
    + `from good ones; from ${answer.threshold.toPrecision(3)} on an image is anomalous.`;
  return { picture: await createImageBitmap(pixels), said: [said], method: "score", params, answer };
}
