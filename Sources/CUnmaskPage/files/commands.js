// The question that was just asked, for a terminal and for Python.

import { address, stated } from "./server.js";

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** @returns {{title: string, text: string}[]} */
export function commands(method, params, file) {
  const url = new URL(address(method, params), location.href.replace(/[?#].*$/, "")).href;
  const files = { reconstruct: "reconstruction.png", segment: "mask.png" };
  const picture = files[method] ? ` -H 'accept: image/png' -o ${files[method]}` : "";
  const given = stated(params).map(([name, value]) => `, ${name}=${JSON.stringify(value)}`).join("");
  return [
    { title: `${method}, with curl`, text: `curl -s ${quoted(url)} --data-binary @${quoted(file)}${picture}` },
    {
      title: `${method}, in Python`,
      text: `import unmask\n\nwith unmask.Client() as client:\n    answer = client.${method}([${JSON.stringify(file)}]${given})`,
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
