// What a model's head, or a fitted one, says of an image.

/** Shows an answer of `classify`. @param body of the table */
export function showClasses(body, result) {
  const kind = ["probability", "logit", "value"].find((name) => result.labels[0]?.[name] !== undefined);
  const rows = result.labels.map((label) => {
    const row = document.createElement("tr");
    const [name, score, bar] = [0, 1, 2].map(() => row.insertCell());
    name.textContent = label.label ?? `class ${label.index}`;
    score.textContent = kind === "probability" ? `${(100 * label[kind]).toFixed(1)} %` : label[kind].toPrecision(4);
    if (kind === "probability") {
      const meter = document.createElement("meter");
      meter.value = label[kind];
      meter.setAttribute("aria-label", `${name.textContent}: ${score.textContent}`);
      bar.append(meter);
    }
    return row;
  });
  if (result.unknown) rows.unshift(unknown());
  body.replaceChildren(...rows);
}

function unknown() {
  const row = document.createElement("tr");
  const cell = row.insertCell();
  cell.colSpan = 3;
  cell.textContent = "Unknown: unlike all that this head was fitted on. What it says is below.";
  return row;
}

/** The heads that can be asked of a model: its own, and those that were fitted. @returns {{name: string?, title: string}[]} */
export function headsOf(model, heads) {
  const own = model.classes > 0 ? [{ name: null, title: `the model's own head, ${model.classes} classes` }] : [];
  const fitted = heads.filter((head) => head.scores.length && head.kind !== "anomaly" && head.stamp.model === model.hash)
    .map((head) => ({ name: head.name, title: `${head.name} (${head.kind}), ${head.labels.length} classes` }));
  return [...own, ...fitted];
}
