/** What was used: the last turn, the context, its tries, and this conversation beside this device, the day, the account. */

import { PageElement } from "../lib/element.js";
import { alarming, bar, cost, dollars, duration, modelName, plural, tokens } from "../lib/format.js";
import { element } from "../lib/html.js";
import { style } from "../lib/style.js";
import { conversation } from "../state/conversation.js";
import { models } from "../state/models.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";
import { statistics } from "../state/statistics.js";
import { tries } from "../state/tries.js";
import { charge } from "./meta.js";

await style(import.meta.resolve("./statistics.css"));

/**
 * @typedef {import("../state/statistics.js").Figures} Figures
 * @typedef {import("../state/message.js").Message} Message
 */

const BUCKETS = /** @type {const} */ ([
  ["input", "input"],
  ["cache_read", "cache read"],
  ["cache_write", "cache write"],
  ["output", "output"],
  ["reasoning", "thinking"],
  ["image_input", "pictures read"],
  ["image_output", "pictures made"],
]);

export class StatisticsPanel extends PageElement {
  #frame = 0;

  connectedCallback() {
    const later = () => {
      this.#frame ||= requestAnimationFrame(() => this.#draw());
    };
    this.until(
      tries.known.listen(later),
      conversation.info.listen(later),
      conversation.path.listen(later),
      conversation.changed.listen(later),
      statistics.device.listen(later),
      statistics.budget.listen(later),
      statistics.day.listen(later),
      models.listing.listen(later),
    );
    this.#draw();
  }

  #draw() {
    this.#frame = 0;
    const shown = conversation.path.value.map((id) => conversation.messages.get(id));
    const answers = /** @type {Message[]} */ (shown.filter((one) => one?.role === "assistant"));
    const boxes = [turn(answers.at(-1)), context(), branches(answers), today(), budget(), sums(answers)];
    this.replaceChildren(...boxes.filter((box) => box !== null));
  }
}

/** @param {Message | undefined} row */
function turn(row) {
  if (!row) return null;
  const activity = conversation.replies.get(row.id)?.activity;
  const written = row.usage ? row.usage.output + row.usage.reasoning : (activity?.tokens ?? 0);
  const read = row.usage ? row.usage.input + row.usage.cache_read + row.usage.cache_write : null;
  const writing = row.duration_ms && row.first_token_ms !== null ? row.duration_ms - row.first_token_ms : 0;
  const speed = activity?.tokens_per_second ?? (writing > 200 ? (written * 1000) / writing : null);
  return box("turn", "cyan", [
    ["model", models.isDemo(row.model) ? "demo, not an AI" : modelName(row.model), ""],
    ["in / out", `${read === null ? "…" : tokens(read)} / ${activity ? "~" : ""}${tokens(written)}`, ""],
    ["cost", activity ? `~${dollars(activity.cost_nanos ?? 0)}` : charge(row) || "…", "green"],
    ["first token", row.first_token_ms === null ? "…" : duration(row.first_token_ms), ""],
    ["speed", speed ? `${Math.round(speed)} t/s` : "…", "orange"],
  ]);
}

function context() {
  const info = conversation.info.value;
  const limit = info?.context?.limit ?? models.find(info?.model ?? models.listing.value.default)?.context;
  if (!info?.context || !limit) return null;
  const share = Math.min(1, info.context.used / limit);
  const colour = alarming(share)?.[1] ?? "green";
  const part = element`<section class="box ${colour}"><h2>context</h2><div class="track ${colour}"><i></i></div>
    <p class="muted">${tokens(info.context.used)} of ${tokens(limit)} · ${Math.round(share * 100)}%</p></section>`;
  part.querySelector("i")?.style.setProperty("--share", `${(share * 100).toFixed(1)}%`);
  return part;
}

/** The one of the person's own budgets of which most is spent; a tap shows all of them. */
function budget() {
  const one = statistics.budget.value;
  if (!one) return null;
  const share = one.spent_nanos / one.limit_nanos;
  const colour = alarming(share)?.[1] ?? "green";
  const per = one.period === "total" ? "prepaid" : `this ${one.period}`.replace("this day", "today");
  const part = element`<section class="box ${colour}"><h2>budget</h2><div class="track ${colour}"><i></i></div>
    <button type="button" class="attempt muted">${dollars(one.spent_nanos)} / ${dollars(one.limit_nanos)} ${per} · ${Math.round(share * 100)}%</button></section>`;
  part.querySelector("i")?.style.setProperty("--share", `${Math.min(100, share * 100).toFixed(1)}%`);
  part.querySelector("button")?.addEventListener("click", () => place.open("budgets"));
  return part;
}

/** The tries of the last turn that has several; a tap goes there. @param {Message[]} answers */
function branches(answers) {
  const row = answers.findLast((one) => (one.siblings?.ids.length ?? 1) > 1);
  if (!row?.siblings) return null;
  const { ids, index } = row.siblings;
  const lines = ids.map((id, at) => {
    const model = conversation.messages.get(id)?.model ?? tries.model(id);
    const known = model && element`<span class="${models.tier(model).colour}">${modelName(model)}</span>`;
    const line = element`<button type="button" class="attempt" ${at === index ? "aria-current" : "data-attempt"}="true">
      <span class="faint" aria-hidden="true">${at === ids.length - 1 ? "└─" : "├─"}</span>
      <span>try ${at + 1}</span> ${known}${at === index && element`<span class="green" aria-hidden="true">●</span>`}</button>`;
    line.addEventListener("click", () => conversation.turnTo(id).catch((error) => notices.fail(error)));
    return line;
  });
  return element`<section class="box magenta"><h2>branches</h2>${lines}</section>`;
}

/** Tokens by bucket, this conversation and overall side by side. @param {Message[]} answers */
function sums(answers) {
  const columns = /** @type {[string, Figures | null | undefined][]} */ ([
    ["chat", conversation.info.value?.figures],
    ["device", statistics.device.value],
  ]);
  const used = BUCKETS.filter(
    ([bucket]) => !bucket.startsWith("image") || columns.some(([, sum]) => sum?.[bucket]),
  );
  const lines = used.map(([bucket, name]) => line(name, columns, (sum) => tokens(sum[bucket])));
  lines.push(
    line("calls", columns, (sum) => String(sum.calls)),
    line("cost", columns, (sum) => cost(sum), "green"),
    line("cache saved", columns, (sum) => dollars(sum.saved_nanos), "green"),
  );
  const all = statistics.account.value;
  const waits = answers.map((row) => row.first_token_ms ?? -1).filter((wait) => wait >= 0);
  const wait = waits.length ? waits.sort((a, b) => a - b)[Math.floor(waits.length / 2)] : null;
  return element`<section class="box yellow"><h2>tokens and cost</h2><table class="sums">
    <thead><tr><td></td>${columns.map(([name]) => element`<th scope="col" class="muted">${name}</th>`)}</tr></thead>
    <tbody>${lines}</tbody></table>
    <div class="whole">
      ${wait !== null && element`<p class="pair"><span class="muted">first token here</span><span>${duration(wait)}</span></p>`}
      ${all && element`<p class="pair"><span class="muted">account</span><span class="muted">${tokens(all.tokens)} tok · <span class="green">${cost(all)}</span></span></p>`}</div></section>`;
}

/** One bar an hour, up to now. */
function today() {
  const day = statistics.day.value;
  if (!day) return null;
  const most = Math.max(...day.hours);
  const bars = day.hours.map((nanos) => bar(most ? nanos / most : 0));
  return element`<section class="box blue"><h2>today</h2>
    ${most > 0 && element`<p class="green hours" aria-hidden="true">${bars.join("")}</p>`}
    <p class="muted"><span class="green">${cost(day)}</span> · ${plural(day.calls, "call")}</p></section>`;
}

/**
 * @param {string} name
 * @param {[string, Figures | null | undefined][]} columns
 * @param {(sum: Figures) => string} value
 */
function line(name, columns, value, colour = "") {
  const cells = columns.map(([, sum]) => element`<td class="${colour}">${sum ? value(sum) : "–"}</td>`);
  return element`<tr><th scope="row" class="muted">${name}</th>${cells}</tr>`;
}

/**
 * @param {string} title
 * @param {string} colour
 * @param {[string, string, string][]} lines
 */
function box(title, colour, lines) {
  const rows = lines.map(
    ([name, value, tone]) =>
      element`<p class="pair"><span class="muted">${name}</span><span class="${tone}">${value}</span></p>`,
  );
  return element`<section class="box ${colour}"><h2>${title}</h2>${rows}</section>`;
}

customElements.define("statistics-panel", StatisticsPanel);
