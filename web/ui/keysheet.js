/** One's own provider keys as a file under a passphrase: out of this server, and into it. */

import { plural } from "../lib/format.js";
import { html } from "../lib/html.js";
import { save } from "../lib/save.js";
import { style } from "../lib/style.js";
import { keys } from "../state/keys.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";

await style(import.meta.resolve("./editor.css"));

export function keySheet() {
  const content = html`
    <p class="meta muted">the keys that you stored here, as one file under a passphrase; those of the server and of this device are not in it</p>
    <form class="out editor" autocomplete="off">
      <label class="field">your password<input name="password" type="password" autocomplete="current-password" required autofocus></label>
      <label class="field">passphrase of the file<input name="passphrase" type="password" autocomplete="new-password" minlength="8" required></label>
      <p class="problem" role="alert"></p>
      <button class="primary">export</button>
    </form>
    <form class="in editor" autocomplete="off">
      <p class="pair"><span class="muted chosen">a file of keys</span><button type="button" class="act choose">choose a file</button></p>
      <input name="file" type="file" hidden aria-label="file of keys">
      <label class="field">its passphrase<input name="passphrase" type="password" autocomplete="off" required></label>
      <p class="problem" role="alert"></p>
      <button class="primary">import</button>
    </form>`;
  const file = /** @type {HTMLInputElement} */ (content.querySelector("[name=file]"));
  content.querySelector(".choose")?.addEventListener("click", () => file.click());
  const chosen = /** @type {HTMLElement} */ (content.querySelector(".chosen"));
  file.addEventListener("change", () => (chosen.textContent = file.files?.[0]?.name ?? "a file of keys"));
  on(content, ".out", async (value) => {
    const { blob, name } = await keys.take(value("password"), value("passphrase"));
    await save(blob, name);
    notices.say("your keys are in the file");
  });
  on(content, ".in", async (value) => {
    const [given] = file.files ?? [];
    if (!given) throw new Error("choose a file first");
    const { added, known } = await keys.bring(given, value("passphrase"));
    notices.say(`${plural(added, "key")} new${known ? `, ${known} known already` : ""}`);
  });
  return content;
}

/**
 * @param {ParentNode} content
 * @param {string} which
 * @param {(value: (name: string) => string) => Promise<void>} run
 */
function on(content, which, run) {
  const form = /** @type {HTMLFormElement} */ (content.querySelector(which));
  const problem = /** @type {HTMLElement} */ (form.querySelector(".problem"));
  const button = /** @type {HTMLButtonElement} */ (form.querySelector("button"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    problem.textContent = "";
    try {
      await run((name) => String(new FormData(form).get(name)));
      place.close();
    } catch (error) {
      problem.textContent = /** @type {Error} */ (error).message;
    } finally {
      button.disabled = false;
    }
  });
}
