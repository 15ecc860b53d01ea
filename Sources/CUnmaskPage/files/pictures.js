// Small pictures of rows of an index, each asked for when it comes near what is seen.

import { picture, Refusal } from "./server.js";

/** How far from what is seen pictures are asked for. */
const margin = "400px";
/** Pictures asked for at once; a browser has no more connections to a server than six. */
const mostAtOnce = 4;

/** Fills images with pictures of rows. */
export class Pictures {
  /** @param frame that is scrolled */
  constructor(frame) {
    this.waiting = [];
    this.asking = 0;
    this.asked = new AbortController();
    this.addresses = [];
    this.seen = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        this.seen.unobserve(target);
        this.waiting.push(target);
      }
      this.#next();
    }, { root: frame, rootMargin: margin });
  }

  /** Fills an image once it is near what is seen. @param refused is told why there is no picture */
  fill(image, index, row, refused) {
    image.wanted = { index, row, refused };
    this.seen.observe(image);
  }

  /** Lets go of all pictures, and of those that are still asked for. */
  clear() {
    this.asked.abort();
    this.asked = new AbortController();
    this.seen.disconnect();
    this.addresses.forEach((address) => URL.revokeObjectURL(address));
    [this.waiting, this.addresses] = [[], []];
  }

  async #next() {
    if (this.asking >= mostAtOnce || !this.waiting.length) return;
    const image = this.waiting.shift();
    const { index, row, refused } = image.wanted;
    const { signal } = this.asked;
    this.asking += 1;
    this.#next();
    try {
      image.src = await picture(index, row, signal);
      this.addresses.push(image.src);
    } catch (error) {
      if (!signal.aborted) refused(error instanceof Refusal ? error.message : String(error));
    } finally {
      this.asking -= 1;
    }
    this.#next();
  }
}
