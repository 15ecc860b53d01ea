// The page: what was chosen, what is asked for it, and where the answers go.

import { classify, indexes, info, load, reconstruct, Refusal, tokens, useToken } from "./server.js";
import { commands, showCommands } from "./commands.js";
import { headsOf, showClasses } from "./classes.js";
import { Look } from "./look.js";
import { IndexMap } from "./map.js";
import { Search } from "./search.js";
import { headsOfKind, segments, strangeness } from "./places.js";
import { watchServer } from "./dashboard.js";

const $ = (id) => document.getElementById(id);

/** What was chosen. The address has all of it but the image. */
const chosen = { model: "", ratio: 0.75, pattern: "random", seed: 0, keep: null, head: null, image: null, file: "", row: null };
let known = { models: [], heads: [] };
let asked = new AbortController();

const look = new Look($("tiles"), $("said-patch"), (keep) => {
  chosen.keep = keep;
  chosen.pattern = "painted";
  update();
});

const search = new Search((row) => {
  chosen.row = row;
  writeAddress();
});

const map = new IndexMap(search, async (head) => {
  await learn();
  chosen.head = head;
  await update();
});

// The address

function readAddress() {
  const said = new URLSearchParams(location.hash.slice(1));
  chosen.model = said.get("model") ?? chosen.model;
  chosen.ratio = number(said.get("ratio"), 0, 0.95) ?? chosen.ratio;
  chosen.seed = number(said.get("seed"), 0, 2 ** 32 - 1) ?? chosen.seed;
  if ([...$("pattern").options].some((option) => option.value === said.get("pattern"))) chosen.pattern = said.get("pattern");
  const keep = (said.get("keep") ?? "").split(",").filter(Boolean).map(Number);
  chosen.keep = keep.length && keep.every((id) => Number.isInteger(id) && id >= 0) ? keep : null;
  const row = number(said.get("row"), 0, 2 ** 31 - 1);
  chosen.row = said.has("index") && Number.isInteger(row) ? { index: said.get("index"), row } : null;
  if (chosen.pattern === "painted" && !chosen.keep) chosen.pattern = "random";
}

function number(text, least, most) {
  const value = Number(text);
  return text !== null && text !== "" && value >= least && value <= most ? value : undefined;
}

function writeAddress() {
  const said = new URLSearchParams({ model: chosen.model, pattern: chosen.pattern, ...masking(), ...chosen.row });
  history.replaceState(null, "", `#${said}`);
}

// What is asked

/** The mask's parameters. */
function masking() {
  switch (chosen.pattern) {
    case "painted": return { keep: chosen.keep };
    case "random": return { ratio: chosen.ratio, seed: chosen.seed };
    default: return { pattern: chosen.pattern };
  }
}

const model = () => known.models.find((candidate) => candidate.name === chosen.model);

/** Asks for all that the page shows; what was asked before and is not answered is dropped. */
async function update() {
  showChoices();
  writeAddress();
  if (!chosen.image || !model()) return;
  asked.abort();
  asked = new AbortController();
  const { signal } = asked;
  const began = performance.now();
  $("failure").hidden = true;
  $("status").textContent = model().loaded ? "Asking…" : "Loading the model…";
  try {
    if (!model().loaded) {
      // It is loaded by being asked; then the server can tell of it.
      await load(chosen.image, { model: chosen.model }, signal);
      await learn();
      showChoices();
    }
    const shown = [...(await showLook(signal)), ...(await showHead(signal)), ...(await showPlaces(signal))];
    if (signal.aborted) return;
    $("status").textContent = `${chosen.file}: answered in ${Math.round(performance.now() - began)} ms.`;
    showRecord(shown);
    await showFeatures(signal);
    if (!chosen.row && search.indexes.length) await search.fromImage(chosen.image, chosen.file, model());
  } catch (error) {
    if (!signal.aborted) fail(error);
  }
}

async function showLook(signal) {
  const { decoder } = model();
  $("look").hidden = false;
  $("masking").hidden = !decoder;
  $("no-decoder").hidden = Boolean(decoder);
  look.use(model());
  if (!decoder) return [];
  const params = { model: chosen.model, ...masking() };
  const answer = await reconstruct(chosen.image, params, signal);
  look.show(answer);
  return [{ method: "reconstruct", params, answer }];
}

async function showHead(signal) {
  const heads = headsOf(model(), known.heads);
  $("classes").hidden = !heads.length;
  if (!heads.length) return [];
  const params = { model: chosen.model, head: heads.find((head) => head.name === chosen.head)?.name ?? heads[0].name };
  const answer = await classify(chosen.image, params, signal);
  showClasses($("scores").tBodies[0], answer.result);
  return [{ method: "classify", params, answer }];
}

/** Of each kind of head that answers of every place, the first. */
async function showPlaces(signal) {
  look.hidePlaces();
  const shown = [];
  for (const [name, kind, ask] of [["segments", "segment", segments], ["strange", "anomaly", strangeness]]) {
    const [head] = headsOfKind(model(), known.heads, kind);
    if (!head) continue;
    shown.push(await ask(chosen.image, model(), head, signal));
    look.showPlaces(name, shown.at(-1));
  }
  return shown;
}

async function showFeatures(signal) {
  try {
    look.showFeatures(await tokens(chosen.image, { model: chosen.model }, signal));
  } catch (error) {
    // A model may have no tokens to give, or none for patches; what else is to be seen is there.
    if (!(error instanceof Refusal) || error.status !== 400) throw error;
    $("status").textContent += ` No picture of features: ${error.message}`;
  }
}

// What is shown

function showChoices() {
  $("model").value = chosen.model;
  $("ratio").value = chosen.ratio;
  $("ratio-said").textContent = `${Math.round(100 * chosen.ratio)} %`;
  $("seed").value = chosen.seed;
  $("pattern").value = chosen.pattern;
  for (const id of ["ratio", "seed", "another"]) $(id).disabled = chosen.pattern !== "random";
  const told = model();
  if (!told?.loaded) return;
  $("about").textContent = `${told.image_size.join(" × ")} pixels, patches of ${told.patch_size}, ${told.depth} blocks of width `
    + `${told.width}, ${told.precision}${told.decoder ? ", with a decoder" : ""}${told.licence ? `; ${told.licence}` : ""}`;
  const heads = headsOf(told, known.heads);
  $("head").replaceChildren(...heads.map((head) => new Option(head.title, head.name ?? "")));
  $("head").value = chosen.head ?? heads[0]?.name ?? "";
}

function showRecord(shown) {
  $("record").hidden = !shown.length;
  $("timing").textContent = shown.map(({ method, answer }) => {
    const { timing_us: took, stamp } = answer;
    return `${method}: ${(took.total / 1000).toFixed(1)} ms in the server, ${(took.inference / 1000).toFixed(1)} ms of them the `
      + `model; ${stamp.tokens} tokens, ${stamp.precision}, model ${stamp.model.slice(0, 12)}`;
  }).join(" · ");
  showCommands($("commands"), shown.flatMap(({ method, params }) => commands(method, params, chosen.file)));
}

function fail(error) {
  $("status").textContent = "";
  if (error instanceof Refusal && error.status === 401) {
    $("access").hidden = false;
    $("token").focus();
    return;
  }
  $("failure").hidden = false;
  $("failure").textContent = error instanceof Refusal ? error.message : `This page has a fault: ${error}`;
}

// Where images come from

function take(blob, file) {
  if (!blob) return;
  if (blob.type && !blob.type.startsWith("image/")) return fail(new Refusal(0, `${file} is not an image, but ${blob.type}.`));
  chosen.row = null;
  chosen.image = blob;
  chosen.file = file || "image";
  update();
}

function listenForImages() {
  for (const [button, input] of [["choose", "file"], ["photograph", "camera"]]) {
    $(button).addEventListener("click", () => $(input).click());
    $(input).addEventListener("change", () => take($(input).files[0], $(input).files[0]?.name));
  }
  $("example").addEventListener("click", async () => take(await (await fetch("page/example.png")).blob(), "example.png"));
  document.addEventListener("paste", (event) => {
    const item = [...event.clipboardData.items].find((candidate) => candidate.type.startsWith("image/"));
    if (item) take(item.getAsFile(), "pasted.png");
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("is-over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("is-over");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("is-over");
    const [file] = event.dataTransfer.files;
    take(file, file?.name);
  });
}

function listenForChoices() {
  const on = (id, event, change) => $(id).addEventListener(event, () => { change($(id)); update(); });
  on("model", "change", (select) => { Object.assign(chosen, { model: select.value, keep: null, head: null }); unpaint(); });
  on("head", "change", (select) => { chosen.head = select.value || null; });
  on("ratio", "input", (slider) => { chosen.ratio = Number(slider.value); });
  on("seed", "change", (field) => { chosen.seed = number(field.value, 0, 2 ** 32 - 1) ?? 0; });
  on("another", "click", () => { chosen.seed = (chosen.seed + 1) % 2 ** 32; });
  on("pattern", "change", (select) => {
    chosen.pattern = select.value;
    // Painting goes on from what is hidden now.
    if (select.value === "painted") chosen.keep ??= look.answer?.ids_keep ?? [0];
  });
  $("access").addEventListener("submit", async (event) => {
    event.preventDefault();
    useToken($("token").value);
    $("access").hidden = true;
    await begin();
  });
}

function unpaint() {
  if (chosen.pattern === "painted") chosen.pattern = "random";
}

// The beginning

async function learn() {
  const told = await info();
  known = { models: told.models, heads: told.heads ?? [] };
  if (!search.indexes.length) search.use(await indexes());
  map.use(known.models);
}

async function begin() {
  try {
    await learn();
  } catch (error) {
    return fail(error);
  }
  $("model").replaceChildren(...known.models.map(({ name }) => new Option(name, name)));
  // One that can rebuild has the most to show.
  if (!model()) chosen.model = (known.models.find(({ decoder }) => decoder) ?? known.models[0])?.name ?? "";
  if (chosen.row && search.indexes.length) search.fromRow(chosen.row.index, chosen.row.row);
  return update();
}

readAddress();
listenForImages();
listenForChoices();
watchServer($("server"), $("numbers"));
await begin();
