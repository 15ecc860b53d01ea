// The server's methods, as this page asks them. Addresses are relative, so that a proxy may put the server under a path.

const kept = "unmask-token";

/** Why the server did not answer as it was asked. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The token goes with every question from now on, until the tab is closed. */
export function useToken(token) {
  sessionStorage.setItem(kept, token);
}

async function ask(path, question) {
  const headers = new Headers(question.headers);
  const token = sessionStorage.getItem(kept);
  if (token) headers.set("authorization", `Bearer ${token}`);
  let response;
  try {
    response = await fetch(path, { ...question, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, "The server does not answer: is it still running?");
  }
  if (response.ok) return response;
  const said = await response.json().catch(() => null);
  throw new Refusal(response.status, said?.error?.message ?? `The server answered with ${response.status}.`);
}

/** One message of the service's own protocol. */
async function call(method, params = {}) {
  const response = await ask("rpc", {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ id: 1, method, params }),
  });
  const answer = await response.json();
  if (answer.error) throw new Refusal(response.status, answer.error.message);
  return answer.result;
}

export const info = () => call("info");
export const stats = () => call("stats");

/** What a question has beside its image, without what is left to the server. */
export const stated = (params) => Object.entries(params).filter(([, value]) => value !== undefined && value !== null);

/** The address of a method with its parameters. */
export function address(method, params) {
  const query = new URLSearchParams(stated(params).map(([name, value]) => [name, Array.isArray(value) ? `[${value}]` : value]));
  return query.size ? `v1/${method}?${query}` : `v1/${method}`;
}

function send(method, image, params, accept, signal) {
  const headers = { "content-type": "application/octet-stream", accept };
  return ask(address(method, params), { method: "POST", headers, body: image, signal });
}

async function single(method, image, params, signal) {
  const answer = await (await send(method, image, params, "application/json", signal)).json();
  return { ...answer, result: answer.results[0] };
}

/** The four pictures of a reconstruction one below the other (`sheet`), and what the answer says of them. */
export async function reconstruct(image, params, signal) {
  const answer = await single("reconstruct", image, { ...params, picture: "sheet" }, signal);
  return { ...answer, sheet: await createImageBitmap(new Blob([bytesOf(answer.result.png)], { type: "image/png" })) };
}

/** What stands in an answer as base64. */
export const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

export const classify = (image, params, signal) => single("classify", image, params, signal);

/** The class of every pixel, at the model's size. */
export const segment = (image, params, signal) => single("segment", image, { ...params, format: "pixels" }, signal);
export const score = (image, params, signal) => single("score", image, params, signal);

/** What the server's indexes hold. */
export const indexes = async () => (await (await ask("v1/indexes", {})).json()).indexes;

/** The images of an index that are most like an image. */
export const search = (image, params, signal) => single("search", image, params, signal);

/** The same for a row of the index. */
export async function searchRow(params, signal) {
  const question = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(params), signal };
  const answer = await (await ask("v1/search", question)).json();
  return { ...answer, result: answer.results[0] };
}

const indexPath = (index) => `v1/indexes/${encodeURIComponent(index)}`;

/** A small picture of a row of an index, as an address for an image. */
export async function picture(index, row, signal) {
  return URL.createObjectURL(await (await ask(`${indexPath(index)}/pictures/${row}`, { signal })).blob());
}

/** Where rows of an index lie in a plane. */
export const map = async (index, sample, signal) => (await ask(`${indexPath(index)}/map?sample=${sample}`, { signal })).json();

/** Files of the server in one question: a server takes 64 images at once unless it was told otherwise. */
const filesAtOnce = 64;

/** Vectors of files that the server may read, float32 in base64, and their stamp. */
async function vectorsOf(paths, params) {
  const pieces = [];
  let stamp = null;
  for (let first = 0; first < paths.length; first += filesAtOnce) {
    const images = paths.slice(first, first + filesAtOnce).map((path) => ({ path }));
    const answer = await call("embed", { ...params, images, encoding: "base64" });
    for (const { embedding, error } of answer.results) {
      if (error) throw new Refusal(400, error.message);
      pieces.push(atob(embedding));
    }
    stamp = answer.stamp;
  }
  return { vectors: { base64: btoa(pieces.join("")) }, stamp };
}

/** Makes a head of labelled files of the server. @param embedding how their vectors are made */
export const fit = async (paths, embedding, params) => call("fit", { ...params, ...(await vectorsOf(paths, embedding)) });

/** Makes the server load a model. */
export const load = (image, params, signal) => single("embed", image, params, signal);

/** The features of all tokens, row-major. */
export async function tokens(image, params, signal) {
  const response = await send("embed", image, { ...params, pooling: "tokens" }, "application/octet-stream", signal);
  return new Float32Array(await response.arrayBuffer());
}
