/** A file that the server makes, into the memory of the page: for devices that cannot simply download. */

import { changing, identity, refused, unreachable } from "./request.js";

/**
 * @param {string} path
 * @param {unknown} [body] what is posted; without one it is only asked for
 * @returns {Promise<{blob: Blob, name: string}>} named as the server says
 */
export function fetched(path, body) {
  if (body === undefined) return load(path, { headers: identity() });
  const sent = { method: "POST", body: JSON.stringify(body) };
  return changing((headers) =>
    load(path, { ...sent, headers: { ...headers, "Content-Type": "application/json" } }),
  );
}

/** @param {string} path @param {RequestInit} how */
async function load(path, how) {
  const response = await fetch(path, {
    ...how,
    credentials: "same-origin",
    cache: "no-store",
  }).catch(() => null);
  if (!response) throw unreachable();
  if (!response.ok) throw refused(response.status, await response.json().catch(() => null));
  const named = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("Content-Disposition") ?? "");
  return { blob: await response.blob(), name: decodeURIComponent(named?.[1] ?? "export") };
}
