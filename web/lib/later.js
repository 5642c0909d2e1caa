/**
 * What is fetched when it is wanted. A browser may keep that an import has failed for as long as the page is open, so
 * the files are fetched first, and import() finds them in its cache. The server puts later() where import() is written.
 */

import { element } from "./html.js";

const NEEDS = /^import\s*(?:[\w${},*\s]+from\s*)?"([^"]+)"/gm;
const AGAIN = 3000;

/** What is here or on its way, by its address. @type {Map<string, Promise<any>>} */
const files = new Map([[import.meta.url, Promise.resolve()]]);

/** Rejects while it cannot be fetched; asked again, it tries again. @param {string} name @returns {Promise<any>} */
export async function later(name) {
  await fetched(import.meta.resolve(name));
  return import(name);
}

/** A file and all that it imports. @param {string} address @returns {Promise<any>} */
function fetched(address) {
  const known = files.get(address) ?? fetchFile(address);
  files.set(address, known);
  return known;
}

/** @param {string} address */
async function fetchFile(address) {
  try {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
    const needs = [...(await answer.text()).matchAll(NEEDS)].map(
      ([, name]) => new URL(name, address).pathname,
    );
    await Promise.all(needs.map((name) => fetched(import.meta.resolve(name))));
  } catch (cause) {
    files.delete(address);
    throw new Error("this cannot be fetched now", { cause });
  }
}

/**
 * Fetches what makes `node` a screen, however long that takes; the node says meanwhile that it is not there yet.
 * @param {Element} node
 * @param {() => Promise<any>} load
 */
export async function insist(node, load) {
  for (;;) {
    try {
      return await load();
    } catch {
      if (!node.isConnected) return;
      const said = element`<p class="unreachable muted" role="status">this cannot be fetched now, trying again…</p>`;
      node.replaceChildren(said);
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
    }
  }
}
