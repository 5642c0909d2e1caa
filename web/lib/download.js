/** A file that the server makes, into the memory of the page: for devices that cannot simply download. */

import { identity, refused, unreachable } from "./request.js";

/** @param {string} path @returns {Promise<{blob: Blob, name: string}>} named as the server says */
export async function fetched(path) {
  const response = await fetch(path, {
    headers: identity(),
    credentials: "same-origin",
    cache: "no-store",
  }).catch(() => null);
  if (!response) throw unreachable();
  if (!response.ok) throw refused(response.status, await response.json().catch(() => null));
  const named = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("Content-Disposition") ?? "");
  return { blob: await response.blob(), name: decodeURIComponent(named?.[1] ?? "export") };
}
