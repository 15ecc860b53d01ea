// The question that was just asked, for a terminal and for Python.

import { address, stated } from "./server.js";

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

const absolute = (path) => new URL(path, location.href.replace(/[?#].*$/, "")).href;

/** @param file null where the question has no image @returns {{title: string, text: string}[]} */
export function commands(method, params, file) {
  const url = absolute(file ? address(method, params) : address(method, {}));
  const files = { reconstruct: "reconstruction.png", segment: "mask.png" };
  const picture = files[method] ? ` -H 'accept: image/png' -o ${files[method]}` : "";
  const sent = file ? `--data-binary @${quoted(file)}` : `-d ${quoted(JSON.stringify(params))}`;
  const named = stated(params).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const given = file ? [`[${JSON.stringify(file)}]`, ...named] : named;
  return [
    { title: `${method}, with curl`, text: `curl -s ${quoted(url)} ${sent}${picture}` },
    {
      title: `${method}, in Python`,
      text: `import unmask\n\nwith unmask.Client() as client:\n    answer = client.${method}(${given.join(", ")})`,
    },
  ];
}

/** Shows commands with a button that copies each. */
export function showCommands(place, list) {
  place.replaceChildren(...list.flatMap(({ title, text }) => {
    const line = document.createElement("p");
    line.className = "command";
    const copy = document.createElement("button");
    copy.type = "button";
    copy.textContent = "Copy";
    copy.setAttribute("aria-label", `Copy ${title}`);
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text);
      copy.textContent = "Copied";
    });
    const code = document.createElement("pre");
    code.tabIndex = 0;
    code.textContent = text;
    line.append(title, copy);
    return [line, code];
  }));
}
