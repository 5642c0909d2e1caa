/** The boxes of the dashboard, each made of one part of the report. */

import { alarming, cost, dollars, duration, modelName, plural, tokens } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { models } from "../state/models.js";
import { place } from "../state/place.js";
import { session } from "../state/session.js";
import { barTable, busiest, columnChart, costBars, heatStrip } from "./charts.js";
import { tierOf } from "./tier.js";

/**
 * @typedef {import("../state/usage.js").Report} Report
 * @typedef {Exclude<import("../state/usage.js").Group, "model">} Other
 */

const BUCKETS = /** @type {const} */ ([
  ["input", "input", "blue"],
  ["cache_read", "cache read", "green"],
  ["cache_write", "cache write", "yellow"],
  ["output", "output", "red"],
  ["reasoning", "thinking", "magenta"],
  ["image_input", "pictures read", "cyan"],
  ["image_output", "pictures made", "orange"],
]);

/** What else the cost can be told by, and the colour of its bars. @type {[Other, string][]} */
export const GROUPS = [
  ["provider", "cyan"],
  ["kind", "teal"],
  ["key", "yellow"],
  ["project", "green"],
  ["user", "magenta"],
  ["device", "blue"],
];

/**
 * A frame that stays whole where the page has two columns.
 * @param {string} name
 * @param {string} title
 * @param {string} colour
 * @param {string | Node | false} note what stands in the border on the right
 * @param {unknown} content
 */
function box(name, title, colour, note, content) {
  return element`<div class="whole-box"><section class="box ${colour}" data-box="${name}"><h2>${title}</h2>
    ${note && element`<p class="note muted">${note}</p>`}${content}</section></div>`;
}

/** The four sums. @param {Report} report */
export function cards({ cards: sums, budget }) {
  const card = (
    /** @type {string} */ name,
    /** @type {string} */ title,
    /** @type {string} */ colour,
    /** @type {import("../state/usage.js").Figures} */ figures,
    /** @type {string | Node} */ said,
  ) => element`<section class="box ${colour}" data-card="${name}"><h2>${title}</h2>
    <p><b class="green">${cost(figures)}</b></p><p class="muted">${said}</p></section>`;
  const calls = (/** @type {{calls: number}} */ figures) => plural(figures.calls, "call");
  return html`${card("today", "today", "cyan", sums.today, calls(sums.today))}
    ${card("week", "week", "blue", sums.week, calls(sums.week))}
    ${card("month", "month", "magenta", sums.month, budget?.period === "month" ? spent(budget) : calls(sums.month))}
    ${card("all", "all time", "yellow", sums.all, sums.all.since ? `since ${since(sums.all.since)}` : calls(sums.all))}`;
}

/** `62% of $30`, louder from 80 % on. @param {{limit_nanos: number, spent_nanos: number}} budget */
function spent({ limit_nanos, spent_nanos }) {
  const share = spent_nanos / limit_nanos;
  const limit = dollars(limit_nanos).replace(/\.00$/, "");
  const [mark, colour] = alarming(share) ?? ["", ""];
  return element`<span class="${colour}">${mark} ${Math.floor(share * 100)}% of ${limit}</span>`;
}

/** `feb`, with its year where that is another one. @param {string} time */
function since(time) {
  const date = new Date(time);
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return date.toLocaleDateString("en", { month: "short", year }).toLowerCase();
}

/** The range in one line, and what is not in its sums. @param {Report} report */
export function summary({ total, range }) {
  const from = range.name === "today" ? "today" : `${day(range.from)} – ${day(range.to)}`;
  return html`<p class="muted sum"><span>${from}</span> · <span class="green" data-figure="cost">${cost(total)}</span> · <span data-figure="calls">${plural(total.calls, "call")}</span> ·
      <span data-figure="tokens">${tokens(total.tokens)} tok</span> · cache saved <span class="green" data-figure="saved">${saved(total.saved_nanos)}</span></p>
    ${total.unknown > 0 && unpriced(total.unknown)}`;
}

/** An admin can do something about it. @param {number} count */
function unpriced(count) {
  const line = element`<p class="yellow sum"><span data-figure="unknown">$? ${plural(count, "call")} at a price that is not known: not in the sums</span></p>`;
  if (session.user.role !== "admin") return line;
  const button = element`<button type="button" class="act">set prices</button>`;
  button.addEventListener("click", () => place.screen("settings"));
  line.append(" ", button);
  return line;
}

/** Provider and model of an id such as `openai/gpt-5.1`. @param {string} id @returns {[string, string]} */
const split = (id) => [id.slice(0, id.indexOf("/")), id.slice(id.indexOf("/") + 1)];

const day = (/** @type {string} */ date) =>
  new Date(`${date}T12:00:00`).toLocaleDateString("en", { month: "short", day: "numeric" }).toLowerCase();

/** Writing to a cache can cost more than reading from it saved. @param {number} nanos */
const saved = (nanos) => (nanos < 0 ? `−${dollars(-nanos)}` : dollars(nanos));

/** @param {Report} report */
export function byModel({ by }) {
  const lines = by.model;
  const bars = costBars(lines).map((bar, at) => {
    const { glyph, colour } = tierOf(...split(lines[at].id));
    return { ...bar, name: modelName(lines[at].name), full: lines[at].name, colour, mark: new Text(glyph) };
  });
  return box("model", "cost by model", "cyan", "", barTable("cost by model", ["model", "cost", "use"], bars));
}

/**
 * @param {Report} report
 * @param {Other} chosen
 * @param {(group: Other) => void} choose
 */
export function byGroup({ by }, chosen, choose) {
  const there = GROUPS.filter(([group]) => by[group]?.length);
  const [group, colour] = there.find(([name]) => name === chosen) ?? there[0] ?? GROUPS[0];
  const bars = costBars(by[group] ?? []).map((bar) => ({ ...bar, colour }));
  return box("group", `cost by ${group}`, colour, "", [
    picks(
      "cost by",
      there.map(([name]) => name),
      group,
      choose,
    ),
    barTable(`cost by ${group}`, [group, "cost", "use"], bars),
  ]);
}

/** @param {Report} report */
export const activity = ({ hours }) => box("hours", "activity", "green", busiest(hours), heatStrip(hours));

/**
 * @param {Report} report
 * @param {"cost" | "tokens"} chosen
 * @param {(measure: "cost" | "tokens") => void} choose
 */
export function overTime({ days, bucket }, chosen, choose) {
  const isFree = days.every(({ cost_nanos }) => !cost_nanos);
  const measure = isFree ? "tokens" : chosen;
  const most = Math.max(...days.map((day) => (measure === "cost" ? day.cost_nanos : day.tokens)));
  const said = measure === "cost" ? dollars(most) : `${tokens(most)} tok`;
  return box("days", plural(days.length, bucket), "blue", `max ${said}`, [
    columnChart(days, bucket, measure),
    !isFree && picks("what the columns show", /** @type {const} */ (["cost", "tokens"]), measure, choose),
  ]);
}

/**
 * Which of a few things a chart shows.
 * @template {string} T
 * @param {string} label
 * @param {readonly T[]} names
 * @param {T} chosen
 * @param {(name: T) => void} choose
 */
function picks(label, names, chosen, choose) {
  const group = element`<div class="picks" role="group" aria-label="${label}"></div>`;
  for (const name of names) {
    const pick = element`<button type="button" class="pick" aria-pressed="${String(name === chosen)}">${name}</button>`;
    pick.addEventListener("click", () => choose(name));
    group.append(pick);
  }
  return group;
}

/** @param {Report} report */
export function byBucket({ total }) {
  const used = BUCKETS.filter(([bucket]) => total[bucket] || !bucket.startsWith("image"));
  const bars = used.map(([bucket, name, colour]) => ({
    name,
    amount: total[bucket],
    value: tokens(total[bucket]),
    colour,
  }));
  const read = total.input + total.cache_read + total.cache_write;
  const cached = read ? Math.round((total.cache_read * 100) / read) : 0;
  return box("tokens", "tokens", "magenta", `${tokens(total.tokens)} tok`, [
    barTable("tokens by kind", ["kind", "tokens", ""], bars),
    element`<p class="muted said">${cached}% from the cache: saved <span class="green">${saved(total.saved_nanos)}</span></p>`,
  ]);
}

/** @param {Report} report */
export function dearest({ conversations }) {
  const rows = conversations.map((one) => {
    const use = `${tokens(one.tokens)} tok · ${plural(one.calls, "call")}`;
    if (one.title === null)
      return element`<p class="talk"><span class="faint" aria-hidden="true">·</span><span class="two">somebody's conversation<small>${use}</small></span><span class="green">${dollars(one.cost_nanos)}</span></p>`;
    const tier = models.tier(one.model);
    const row = element`<button type="button" class="talk"><span class="${tier.colour}" aria-hidden="true">${tier.glyph}</span><span class="two">${one.title || "new chat"}<small>${use}</small></span><span class="green">${dollars(one.cost_nanos)}</span></button>`;
    row.addEventListener("click", () => place.chat(one.id));
    return row;
  });
  return box("conversations", "most expensive conversations", "yellow", "", rows);
}

/** @param {Report} report */
export function speeds({ speed }) {
  const bars = speed.map(({ id, name, first_token_ms, tokens_per_second }) => ({
    mark: new Text(tierOf(...split(id)).glyph),
    name: modelName(name),
    full: name,
    amount: tokens_per_second ?? 0,
    value: tokens_per_second === null ? "…" : `${Math.round(tokens_per_second)} t/s`,
    more: first_token_ms === null ? "…" : duration(first_token_ms),
    colour: "orange",
  }));
  return box("speed", "speed", "orange", "tokens · first one", [
    barTable("speed by model", ["model", "tokens per second", "time to the first token"], bars),
  ]);
}
