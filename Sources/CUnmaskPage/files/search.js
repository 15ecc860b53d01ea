// The images of an index that are like an image, or like one of its own: all that the server finds, shown as far as one looks.

import { commands, showCommands } from "./commands.js";
import { Pictures } from "./pictures.js";
import { Refusal, search, searchRow } from "./server.js";

const $ = (id) => document.getElementById(id);

/** Neighbours that are asked for at once, and at most. */
const pageSize = 1000;
const most = 10000;
/** Neighbours that come into the list at once. */
const step = 48;

/** The section of neighbours. */
export class Search {
  /** @param searched is told when another row, or none, is what is searched from */
  constructor(searched) {
    this.searched = searched;
    this.pictures = new Pictures($("found-frame"));
    this.asked = new AbortController();
    this.indexes = [];
    this.query = null;
    this.hits = [];
    this.shown = 0;
    this.#listen();
  }

  /** @param indexes as `index.info` tells of them */
  use(indexes) {
    this.indexes = indexes;
    for (const id of ["search", "map"]) $(id).hidden = !indexes.length;
    $("index").replaceChildren(...indexes.map(({ name, vectors }) => new Option(`${name}, ${vectors} vectors`, name)));
  }

  get index() { return this.indexes.find(({ name }) => name === $("index").value); }

  /** Searches from an image. @param model as `info` tells of it */
  fromImage(image, file, model) {
    if (this.query?.image === image && this.query.model.hash === model.hash) return null;
    this.image = { image, file, model };
    return this.#ask({ ...this.image });
  }

  /** Searches from a row of an index. @param isSeen whether the page goes there */
  fromRow(index, row, isSeen = false) {
    if (this.indexes.some(({ name }) => name === index)) $("index").value = index;
    this.searched({ index: this.index.name, row });
    if (isSeen) $("search-title").scrollIntoView({ block: "start" });
    return this.#ask({ row });
  }

  #listen() {
    $("index").addEventListener("change", () => {
      this.searched(null);
      if (this.image) this.#ask({ ...this.image });
      else this.#clear();
    });
    for (const id of ["distinct", "distinct-from"]) {
      $(id).addEventListener("change", () => { if (this.query) this.#ask(this.query); });
    }
    $("least").addEventListener("input", () => this.#count());
    $("own-image").addEventListener("click", () => {
      this.searched(null);
      this.#ask({ ...this.image });
    });
    $("found").addEventListener("keydown", (event) => this.#key(event));
    // What comes next is added when the end of the list is near.
    this.end = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) this.#more();
    }, { root: $("found-frame"), rootMargin: "600px" });
    this.end.observe($("found-end"));
  }

  /** The list is one stop of the tabulator, however long it is; arrow keys go about in it. */
  #key(event) {
    const items = [...$("found").children].filter(({ hidden }) => !hidden);
    const at = items.indexOf(event.target.closest("li"));
    const columns = items.findIndex(({ offsetTop }) => offsetTop > items[0].offsetTop);
    const row = columns > 0 ? columns : items.length;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row, Home: -at, End: items.length - 1 - at };
    const next = items[at + steps[event.key]]?.firstChild;
    if (!next) return;
    event.preventDefault();
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  /** The least similarity that is shown. */
  get #least() { return Number($("least").value); }

  #params(offset) {
    const distinct = $("distinct").checked ? Number($("distinct-from").value) : undefined;
    return { index: this.index.name, k: Math.min(pageSize, most - offset), offset: offset || undefined, distinct };
  }

  #clear() {
    this.asked.abort();
    this.pictures.clear();
    Object.assign(this, { hits: [], shown: 0, hidden: 0, reached: 0, isWhole: true });
    $("found").replaceChildren();
    $("found-said").textContent = "";
    $("search-commands").replaceChildren();
  }

  async #ask(query) {
    this.query = query;
    this.#clear();
    $("found-frame").scrollTop = 0;
    this.asked = new AbortController();
    this.isWhole = false;
    const isRow = query.row !== undefined;
    $("own-image").hidden = !isRow || !this.image;
    $("from").textContent = isRow ? `From row ${query.row} of the index.` : `From ${query.file}.`;
    const made = this.index.stamp;
    if (!isRow && made.model !== query.model.hash) {
      this.isWhole = true;
      $("found-said").textContent = `Index ${this.index.name} was made by another model than ${query.model.name}: choose the one `
        + `that made it (${made.model.slice(0, 12)}).`;
      return;
    }
    if (!(await this.#fetch())) return;
    // From the least that was found on, so that all is shown at first.
    const lowest = this.hits.length ? Math.floor(1000 * this.hits.at(-1).similarity) / 1000 : -1;
    $("least").min = lowest;
    $("least").value = lowest;
    this.#count();
    this.#more();
    const { index, k, distinct } = { ...this.#params(0), k: 20 };
    showCommands($("search-commands"), isRow
      ? commands("search", { rows: [query.row], index, k, distinct }, null)
      : commands("search", { model: query.model.name, index, k, distinct }, query.file));
  }

  /** Asks for the next neighbours. @returns whether some came */
  async #fetch() {
    const { query, asked: { signal } } = this;
    const params = this.#params(this.reached);
    $("found-said").textContent = "Searching…";
    try {
      const answer = query.row === undefined
        ? await search(query.image, { model: query.model.name, ...params }, signal)
        : await searchRow({ rows: [query.row], ...params }, signal);
      if (signal.aborted) return false;
      const { neighbours, hidden = 0 } = answer.result;
      this.hits.push(...neighbours);
      this.hidden += hidden;
      this.reached += params.k;
      this.isWhole = neighbours.length + hidden < params.k || this.reached >= most;
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      this.isWhole = true;
      $("found-said").textContent = error instanceof Refusal ? error.message : `This page has a fault: ${error}`;
      return false;
    }
  }

  /** How many are as similar as is asked, and which of the list are. */
  #count() {
    const least = this.#least;
    const count = this.hits.findLastIndex(({ similarity }) => similarity >= least) + 1;
    $("least-said").textContent = least.toFixed(3);
    [...$("found").children].forEach((item, place) => { item.hidden = place >= count; });
    const more = !this.isWhole && count === this.hits.length ? " or more" : "";
    $("found-said").textContent = `${count}${more} of ${this.index.vectors} vectors are at least ${least.toFixed(3)} similar`
      + (this.hidden ? `; ${this.hidden} near-duplicates of nearer ones are hidden.` : ".");
    this.wanted = count;
  }

  async #more() {
    if (this.isAdding || this.shown >= this.wanted && this.isWhole || !this.query) return;
    this.isAdding = true;
    const { query } = this;
    if (this.shown >= this.hits.length && !this.isWhole && this.wanted === this.hits.length && await this.#fetch()) {
      $("least").min = Math.min(Number($("least").min), Math.floor(1000 * this.hits.at(-1).similarity) / 1000);
      this.#count();
    }
    this.isAdding = false;
    // Another question may have come meanwhile.
    if (query !== this.query) return;
    const next = this.hits.slice(this.shown, Math.min(this.shown + step, this.wanted));
    $("found").append(...next.map((hit) => this.#item(hit)));
    if (!this.shown && next.length) $("found").firstChild.firstChild.tabIndex = 0;
    this.shown += next.length;
    // Where the end is seen still, nothing would tell of it again.
    this.end.unobserve($("found-end"));
    if (next.length) this.end.observe($("found-end"));
  }

  #item({ row, similarity, paths }) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const image = document.createElement("img");
    const [score, name] = ["b", "span"].map((tag) => document.createElement(tag));
    button.type = "button";
    button.tabIndex = -1;
    image.alt = "";
    score.textContent = similarity.toFixed(3);
    name.textContent = paths[0].split("/").at(-1) + (paths.length > 1 ? ` and ${paths.length - 1} of equal pixels` : "");
    button.title = `${paths.join("\n")}\nSearch from here`;
    button.append(image, score, name);
    button.addEventListener("click", () => this.fromRow(this.index.name, row, true));
    this.pictures.fill(image, this.index.name, row, (why) => {
      const said = document.createElement("span");
      said.className = "refused";
      said.textContent = why;
      image.replaceWith(said);
    });
    item.append(button);
    return item;
  }
}
