/** One call of the request log explained: who asked, every attempt, and how its cost was worked out. */

import { dollars, duration, price } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { style } from "../lib/style.js";
import { calls } from "../state/calls.js";
import { copyOrShow } from "../state/copying.js";
import { place } from "../state/place.js";
import { session } from "../state/session.js";

await style(import.meta.resolve("./callsheet.css"));

/**
 * @typedef {import("../state/calls.js").Attempt} Attempt
 * @typedef {import("../state/calls.js").Explanation} Explanation
 */

const COLOURS = /** @type {Record<string, string>} */ ({
  done: "green",
  stopped: "yellow",
  cut: "yellow",
  failed: "red",
  killed: "red",
});
const SURE = /** @type {Record<string, string>} */ ({
  exact: "as the provider said",
  computed: "worked out from the price",
  estimated: "an estimate",
  unknown_price: "the price is not known",
  free: "free",
});

/** @param {string} id */
export async function callSheet(id) {
  const told = await calls.explain(id);
  const part = element`<div class="told"><section class="box cyan"><h2>request</h2>${pairs([
    ["time", when(told.attempts[0].started_at)],
    ["by", told.user],
    ["key", told.key],
    ["project", told.project],
    ["kind", told.endpoint ? `${told.kind} · /v1/${told.endpoint}` : told.kind],
    ["asked for", told.asked_model],
    ["id", told.request_id],
    ["total", element`<span class="green">${dollars(told.cost_nanos)}</span>`],
  ])}</section>${told.attempts.map(attempt)}
    <button type="button" class="item"><span></span><span>copy as text</span><span></span></button></div>`;
  part.querySelector(".item")?.addEventListener("click", async (event) => {
    const said = /** @type {HTMLElement} */ (event.currentTarget).children[2];
    if (await copyOrShow(told.lines.join("\n"))) said.textContent = "✓ copied";
  });
  const chat = told.conversation_id;
  // An admin sees what others asked, but not their conversations.
  if (chat && !told.key && told.user === session.user.username) {
    const go = element`<button type="button" class="item blue"><span></span><span>go to the conversation</span><span></span></button>`;
    go.addEventListener("click", () => place.chat(chat, told.message_id ?? undefined));
    part.append(go);
  }
  return part;
}

/** @param {Attempt} one @param {number} at */
function attempt(one, at) {
  const error = one.error && `: ${one.error.kind}${one.error.status ? ` (${one.error.status})` : ""}`;
  const colour = COLOURS[one.status] ?? "blue";
  const took = one.duration_ms === null ? null : duration(one.duration_ms);
  const first = one.first_token_ms === null ? "" : ` · first token ${duration(one.first_token_ms)}`;
  return element`<section class="box ${colour}"><h2>attempt ${at + 1}</h2>${pairs([
    ["ended", element`<span class="${colour}">${one.status}${error}</span>`],
    ["model", `${one.provider} · ${one.model}`],
    ["served", one.model_served !== one.model && one.model_served],
    ["route", one.route],
    ["because", one.reason],
    ["credential", one.credential],
    ["took", took && `${took}${first}`],
    ["left out", one.dropped?.join(", ")],
    ["reserved", dollars(one.reserved_nanos)],
    ["usage", one.usage_source === "estimated" ? "estimated here" : "from the provider"],
  ])}${sums(one)}</section>`;
}

/** @param {Attempt} one */
function sums(one) {
  const steps = one.arithmetic.map((step) => {
    const count = step.tokens ?? step.count ?? 0;
    const rate = step.nanos_per_million ?? step.nanos_each;
    const unit = step.tokens === undefined ? "each" : "/M";
    const nanos = rate == null ? null : step.tokens === undefined ? count * rate : (count * rate) / 1e6;
    return element`<tr><th scope="row">${step.bucket.replaceAll("_", " ")}</th><td>${count}</td>
      <td class="muted">${price(rate)}${unit}</td><td>${dollars(nanos)}</td></tr>`;
  });
  const from = one.price ? ` · ${one.price.source} ${one.price.version}` : "";
  return html`${
    steps.length > 0 &&
    element`<div class="wide-table"><table class="steps"><caption class="offscreen">how the cost was worked out</caption>
      <thead class="offscreen"><tr><th scope="col">bucket</th><th scope="col">count</th><th scope="col">rate</th><th scope="col">cost</th></tr></thead>
      <tbody>${steps}</tbody></table></div>`
  }
    <p class="pair total"><span class="muted">${SURE[one.cost_state] ?? one.cost_state}${from}</span><b class="green">${dollars(one.cost_nanos)}</b></p>`;
}

/** @param {string} time */
const when = (time) =>
  new Date(time)
    .toLocaleString("en-GB", {
      day: "numeric",
      month: "short",
      year: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    })
    .toLowerCase();

/** Those that say something. @param {[string, unknown][]} all */
const pairs = (all) =>
  all
    .filter(([, value]) => value)
    .map(
      ([name, value]) =>
        element`<p class="pair"><span class="muted">${name}</span><span class="value">${value}</span></p>`,
    );
