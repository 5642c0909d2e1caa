/** The request log: every call, the newest first; a tap tells all that is known of one. */

import { PageElement } from "../lib/element.js";
import { dollars, duration, modelName, tokens } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { style } from "../lib/style.js";
import { AGES, calls } from "../state/calls.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";
import { session } from "../state/session.js";
import { usage } from "../state/usage.js";
import { tierOf } from "./tier.js";

await Promise.all(
  ["./usage.css", "./search.css", "./calllog.css"].map((name) => style(import.meta.resolve(name))),
);

/** @typedef {import("../state/calls.js").Call} Call */

const AHEAD = 800;
const STATUSES = ["done", "stopped", "failed", "cut", "killed"];
const FILTERS = /** @type {const} */ (["model", "kind", "status", "key", "user"]);
const MARKS = /** @type {Record<string, [string, string]>} */ ({
  done: ["✓", "green"],
  stopped: ["■", "yellow"],
  failed: ["✗", "red"],
  cut: ["✗", "yellow"],
  killed: ["✗", "red"],
});

export class LogScreen extends PageElement {
  connectedCallback() {
    this.tabIndex = 0;
    if (usage.report.value) calls.scope = usage.scope;
    this.replaceChildren(html`<div class="column">
      <div class="chips" role="group" aria-label="filters">
        <button type="button" class="chip whose" aria-pressed="${String(calls.scope === "all")}">everybody</button>
        <label class="chip"><select name="age" aria-label="when"></select></label>
        ${FILTERS.map((name) => element`<label class="chip"><select name="${name}" aria-label="${name}"></select></label>`)}</div>
      <p class="muted count" role="status"></p>
      <div class="rows"></div></div>`);
    this.find("[name=age]").append(...Object.keys(AGES).map((name) => new Option(name, name)));
    for (const select of this.querySelectorAll("select"))
      select.addEventListener("change", () => calls.look({ [select.name]: select.value }));
    const whose = this.find(".whose");
    whose.hidden = session.user.role !== "admin";
    whose.addEventListener("click", () => {
      const scope = calls.scope === "all" ? "mine" : "all";
      whose.setAttribute("aria-pressed", String(scope === "all"));
      calls.look({ scope, ...(scope === "mine" && { user: "" }) });
      this.#load();
    });
    this.addEventListener("scroll", () => {
      if (this.scrollHeight - this.scrollTop - this.clientHeight < AHEAD) calls.more();
    });
    this.until(
      calls.choices.watch(() => this.#fill()),
      calls.found.watch(() => this.#draw()),
    );
    this.#load();
    calls.look();
  }

  #load() {
    calls.loadChoices().catch((error) => notices.fail(error));
  }

  #fill() {
    const by = calls.choices.value;
    for (const name of FILTERS) {
      const select = this.find(`[name=${name}]`);
      const known =
        name === "status"
          ? STATUSES.map((id) => ({ id, name: id }))
          : (by[name] ?? []).map(({ id, name: text }) => ({
              id: name === "model" ? text : id,
              name: text,
            }));
      const chosen = calls.filters[name];
      if (chosen && !known.some(({ id }) => id === chosen)) known.unshift({ id: chosen, name: chosen });
      select.replaceChildren(
        new Option(`any ${name}`, ""),
        ...known.map(({ id, name: text }) => new Option(text, id)),
      );
      select.value = chosen;
      select.closest("label").hidden = known.length < 2 || (name === "user" && calls.scope === "mine");
    }
    this.find("[name=age]").value = calls.filters.age;
  }

  #draw() {
    const { rows, next, busy, problem } = calls.found.value;
    const nodes = [];
    let heading = "";
    for (const row of rows) {
      const day = dayOf(row.started_at);
      if (day !== heading) nodes.push(element`<h2 class="muted">${day}</h2>`);
      heading = day;
      nodes.push(drawRow(row));
    }
    if (problem) nodes.push(this.#retry(problem));
    else if (next && !busy) {
      const more = element`<button type="button" class="item blue"><span></span><span>older ones</span><span></span></button>`;
      more.addEventListener("click", () => calls.more());
      nodes.push(more);
    }
    this.find(".rows").replaceChildren(...nodes);
    this.find(".rows").setAttribute("aria-busy", String(busy));
    this.find(".count").textContent = rows.length || problem ? "" : busy ? "…" : "no call fits";
  }

  /** @param {string} problem */
  #retry(problem) {
    const line = element`<p class="problem-line red" role="alert"><span>✗ ${problem}</span> <button type="button" class="act">retry</button></p>`;
    line.querySelector("button")?.addEventListener("click", () => calls.look());
    return line;
  }
}

/** @param {string} time */
const dayOf = (time) =>
  new Date(time)
    .toLocaleDateString("en", { weekday: "short", day: "numeric", month: "short", year: "numeric" })
    .toLowerCase();

/** @param {string} time */
const clock = (time) => new Date(time).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

/** @param {Call} row */
function drawRow(row) {
  const [glyph, colour] = MARKS[row.status] ?? ["·", "muted"];
  const read = row.input + row.cache_read + row.cache_write + row.image_input;
  const written = row.output + row.reasoning + row.image_output;
  const error = row.error && `${row.error.kind}${row.error.status ? ` ${row.error.status}` : ""}`;
  const facts = [
    clock(row.started_at),
    calls.scope === "all" && row.user.name,
    row.attempt > 1 && `try ${row.attempt}`,
    row.status === "failed" ? error : `${tokens(read)} → ${row.estimated ? "~" : ""}${tokens(written)} tok`,
    row.status !== "failed" && row.duration_ms !== null && duration(row.duration_ms),
    row.key?.name ?? row.kind,
  ].filter(Boolean);
  const asked = row.asked_model && row.asked_model !== row.model && row.asked_model;
  const price = `${row.cost_state === "estimated" ? "~" : ""}${dollars(row.cost_nanos)}`;
  const line = element`<button type="button" class="item tall call">
    <span class="${colour}"><span aria-hidden="true">${glyph}</span><span class="offscreen">${row.status}</span></span>
    <span class="two"><span class="${tierOf(row.provider, row.model).colour}">${modelName(row.model)}</span>${asked && " "}${asked && element`<span class="muted">for ${modelName(asked)}</span>`}<small>${facts.join(" · ")}</small></span>
    <span class="${row.cost_nanos ? "green" : "muted"}">${price}</span></button>`;
  line.addEventListener("click", () => place.open("call", row.id));
  return line;
}

customElements.define("log-screen", LogScreen);
