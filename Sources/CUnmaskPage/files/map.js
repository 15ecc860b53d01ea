// An index as a map: its vectors along the two directions in which they differ most. What is chosen there gets labels, and labels
// make heads.

import { showCommands } from "./commands.js";
import { Plane } from "./plane.js";
import { fit, map, picture, Refusal } from "./server.js";

const $ = (id) => document.getElementById(id);

/** Milliseconds that a pointer rests on a point before its picture is asked for. */
const rest = 80;

/** The section of the map. */
export class IndexMap {
  /**
   * @param search that goes on from a point
   * @param fitted is told the name of a new head
   */
  constructor(search, fitted) {
    const [asked, pointed] = [new AbortController(), new AbortController()];
    Object.assign(this, { search, fitted, asked, pointed, answer: null, timer: null });
    this.plane = new Plane($("plane"), {
      pointed: (point, place) => this.#point(point, place),
      taken: (point) => search.fromRow(this.index, this.answer.rows[point], true),
      chosen: () => this.#tell(),
    });
    this.#listen();
  }

  /** @param models as `info` tells of them */
  use(models) { this.models = models; }

  #listen() {
    const on = (id, act) => $(id).addEventListener("click", act);
    on("map-draw", () => this.#draw());
    on("map-nearer", () => this.plane.zoom(1.5));
    on("map-farther", () => this.plane.zoom(1 / 1.5));
    on("map-whole", () => this.plane.whole());
    on("chosen-none", () => this.plane.choose([]));
    on("chosen-copy", async () => {
      await navigator.clipboard.writeText(this.#paths(this.plane.chosen).join("\n"));
      $("map-said").textContent = `Copied ${this.plane.chosen.size} paths.`;
    });
    on("chosen-download", () => download("chosen.txt", `${this.#paths(this.plane.chosen).join("\n")}\n`));
    on("labels-download", () => download("labels.csv", this.#table()));
    on("labels-fit", () => this.#fit());
    $("map-tool").addEventListener("change", () => { this.plane.tool = $("map-tool").value; });
    $("index").addEventListener("change", () => { $("map-shown").hidden = true; });
    $("label-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const count = this.plane.chosen.size;
      const name = $("label").value.trim();
      if (!name) return;
      this.plane.label(name);
      $("map-said").textContent = `${count} have the label ${name}.`;
      $("label").value = "";
    });
  }

  async #draw() {
    this.asked.abort();
    this.asked = new AbortController();
    const { signal } = this.asked;
    const { index } = this.search;
    $("map-said").textContent = "Asking for the map…";
    try {
      this.answer = await map(index.name, $("map-sample").value, signal);
    } catch (error) {
      if (signal.aborted) return;
      $("map-said").textContent = error instanceof Refusal ? error.message : `This page has a fault: ${error}`;
      return;
    }
    this.index = index.name;
    this.made = index.stamp;
    $("map-shown").hidden = false;
    const { rows, x, y, shares, vectors } = this.answer;
    this.plane.show(x.map((value, point) => [value, y[point]]));
    $("map-said").textContent = `${rows.length} of ${vectors} vectors. Across is the direction in which they differ most, with `
      + `${percent(shares[0])} of their variance, and up the next one, with ${percent(shares[1])} (principal components).`;
    this.#tell();
  }

  /** What is pointed at, with its picture. */
  #point(point, place) {
    clearTimeout(this.timer);
    const shown = $("map-point");
    shown.hidden = point === null;
    if (point === null) return;
    const [image, caption] = [shown.querySelector("img"), shown.querySelector("figcaption")];
    const row = this.answer.rows[point];
    const label = this.plane.labels.get(point);
    caption.textContent = this.answer.paths[point].split("/").at(-1) + (label ? ` · ${label}` : "");
    $("map-at").textContent = `Row ${row}: ${this.answer.paths[point]}${label ? `, label ${label}` : ""}`
      + `${this.plane.chosen.has(point) ? ", chosen" : ""}.`;
    image.hidden = true;
    shown.classList.toggle("is-left", place[0] > $("plane").clientWidth / 2);
    this.timer = setTimeout(async () => {
      this.pointed.abort();
      this.pointed = new AbortController();
      const { signal } = this.pointed;
      try {
        const address = await picture(this.index, row, signal);
        image.addEventListener("load", () => URL.revokeObjectURL(address), { once: true });
        if (this.plane.at === point) [image.src, image.hidden] = [address, false];
      } catch (error) {
        if (!signal.aborted) caption.textContent += `: ${error.message}`;
      }
    }, rest);
  }

  #paths(points) { return [...points].sort((a, b) => a - b).map((point) => this.answer.paths[point]); }

  /** As `unmask fit --data` reads it. */
  #table() {
    const field = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const rows = [...this.plane.labels].map(([point, name]) => `${field(this.answer.paths[point])},${field(name)}`);
    return `path,label\n${rows.join("\n")}\n`;
  }

  /** Says what is chosen and labelled, and what can be done with it. */
  #tell() {
    const { chosen, labels } = this.plane;
    const counts = new Map();
    labels.forEach((name) => counts.set(name, (counts.get(name) ?? 0) + 1));
    const named = [...counts].map(([name, count]) => `${name} ${count}`).join(", ");
    $("chosen-said").textContent = `${chosen.size} chosen.${named ? ` Labels: ${named}.` : ""}`;
    for (const id of ["chosen-none", "chosen-copy", "chosen-download", "label-give"]) $(id).disabled = !chosen.size;
    $("labels-download").disabled = !labels.size;
    $("labels-fit").disabled = counts.size < 2;
    const text = labels.size ? "unmask fit linear --model MODEL --data labels.csv -o labels.head" : "";
    showCommands($("map-commands"), text ? [{ title: "a head of these labels, by the program", text }] : []);
  }

  async #fit() {
    const labelled = [...this.plane.labels];
    const model = this.models.find(({ hash }) => hash === this.made.model);
    $("map-said").textContent = "Fitting…";
    try {
      if (!model) throw new Refusal(0, `No model here made this index (${this.made.model.slice(0, 12)}).`);
      const name = $("head-name").value.trim() || "map";
      const paths = labelled.map(([point]) => this.answer.paths[point]);
      const told = await fit(paths, { model: model.name, pooling: this.made.pooling }, {
        name, kind: "linear", labels: labelled.map(([, label]) => label),
      });
      $("map-said").textContent = `Head ${name} is fitted on ${told.examples} images; it is among the heads under Classify.`;
      await this.fitted(name);
    } catch (error) {
      $("map-said").textContent = error instanceof Refusal ? error.message : `This page has a fault: ${error}`;
    }
  }
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;

function download(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
