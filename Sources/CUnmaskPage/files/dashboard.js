// What the server says of itself, while somebody looks.

import { stats } from "./server.js";

const periodMilliseconds = 2000;

/** @param details asked only while it is open. @param list where the numbers go */
export function watchServer(details, list) {
  let timer = null;
  const show = async () => {
    try {
      list.replaceChildren(...rows(await stats()));
    } catch (error) {
      list.replaceChildren(...row("Not known", error.message));
    }
  };
  details.addEventListener("toggle", () => {
    clearInterval(timer);
    if (!details.open) return;
    show();
    timer = setInterval(show, periodMilliseconds);
  });
}

function rows(stats) {
  const sizes = Object.entries(stats.batch_images ?? {});
  const images = sizes.reduce((sum, [size, count]) => sum + size * count, 0);
  const batches = sizes.reduce((sum, [, count]) => sum + count, 0);
  const latencies = Object.entries(stats.latency_us ?? {}).filter(([, times]) => times.count)
    .map(([stage, times]) => row(`Time of ${stage}`, `median ${milliseconds(times.p50)}, 99 % within ${milliseconds(times.p99)}`));
  return [
    row("Up for", `${Math.round(stats.uptime_ms / 1000)} s`),
    row("Images", `${stats.images?.done ?? 0} done, ${stats.images?.failed ?? 0} failed, ${stats.queued_images} waiting`),
    row("Batches", batches ? `${batches}, of ${(images / batches).toFixed(1)} images on average` : "none yet"),
    row("Connections", `${stats.connections}`),
    row("Memory", `${Math.round(stats.resident_bytes / 2 ** 20)} MiB`),
    row("Models", stats.models.map(({ name, loaded }) => (loaded ? name : `${name} (not loaded)`)).join(", ")),
    ...latencies,
  ].flat();
}

function row(name, text) {
  const [term, said] = ["dt", "dd"].map((tag) => document.createElement(tag));
  term.textContent = name;
  said.textContent = text;
  return [term, said];
}

const milliseconds = (microseconds) => `${(microseconds / 1000).toPrecision(3)} ms`;
