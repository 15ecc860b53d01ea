// What the pictures of the page have in common: their frames, their colours, and the patch that a pointer or a key names.

/** Dark to light as numbers grow; each step is lighter, so that it reads without colours (viridis, 5 of its colours). */
const ramp = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];

/** @param share from 0 to 1 @returns a colour as CSS has it */
export function rampAt(share) {
  const at = Math.min(Math.max(share, 0), 1) * (ramp.length - 1);
  const from = Math.min(Math.floor(at), ramp.length - 2);
  const colour = ramp[from].map((low, channel) => Math.round(low + (at - from) * (ramp[from + 1][channel] - low)));
  return `rgb(${colour.join(" ")})`;
}

/** A canvas with its title and explanation. @returns {{root, canvas, text}} */
export function figure(name, [title, text]) {
  const root = document.createElement("figure");
  root.id = `picture-${name}`;
  root.hidden = true;
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", title);
  const caption = document.createElement("figcaption");
  const heading = document.createElement("b");
  const explained = document.createElement("span");
  heading.textContent = title;
  explained.textContent = text;
  caption.append(heading, explained);
  root.append(canvas, caption);
  return { root, canvas, text: explained };
}

/** Makes a picture one that is worked with, by the pointer and by keys. @param said what a screen reader says of it */
export function makeUsable(canvas, said) {
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", said);
}

/** The patch under a pointer. @param grid {rows, columns} */
export function patchAt(event, canvas, { rows, columns }) {
  const frame = canvas.getBoundingClientRect();
  const place = (value, from, length, count) => Math.min(Math.max(Math.floor(((value - from) / length) * count), 0), count - 1);
  return place(event.clientY, frame.top, frame.height, rows) * columns
    + place(event.clientX, frame.left, frame.width, columns);
}

/**
 * The patch that an arrow key leads to from another.
 * @param cursor null before the first key @returns undefined for other keys
 */
export function patchAfter(key, cursor, { rows, columns }) {
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key];
  if (step === undefined) return undefined;
  if (cursor === null) return 0;
  const next = cursor + step;
  return next >= 0 && next < rows * columns ? next : cursor;
}

/** A frame around a patch that is seen on light and on dark. */
export function frame(context, [left, top, side]) {
  for (const [colour, inset] of [["black", 1], ["white", 3]]) {
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.strokeRect(left + inset, top + inset, side - 2 * inset, side - 2 * inset);
  }
}

/** What a patch is called. */
export const placeOf = (id, columns) => `Row ${Math.floor(id / columns) + 1}, column ${(id % columns) + 1}`;
