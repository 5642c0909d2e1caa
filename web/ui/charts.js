/** The charts of the dashboard. Each is a table, or has one beside it that a screen reader reads. */

import { level, peak, share, spikes } from "../lib/chart.js";
import { cost, dollars, plural, tokens } from "../lib/format.js";
import { element, html } from "../lib/html.js";

/**
 * @typedef {import("../state/usage.js").Amount} Amount
 * @typedef {{mark?: Node | null, name: string, full?: string, amount: number, value: string, more?: string | Node,
 *   colour: string, tone?: string}} Bar `amount` decides how long it is, `value` is what it says, `more` what it says
 *   where there is room; `full` is the name in full where it was cut
 */

const MOST = 10;

/**
 * A table whose middle column is a bar.
 * @param {string} caption
 * @param {[string, string, string]} heads what the name, the value and the rest are
 * @param {Bar[]} bars
 */
export function barTable(caption, heads, bars) {
  const most = Math.max(0, ...bars.map(({ amount }) => amount));
  const rows = bars.map((bar) => {
    const { mark, name, full = name, amount, value, more = "", colour, tone = amount ? "" : "muted" } = bar;
    const row = element`<tr><th scope="row" title="${full}"><span class="${colour}" aria-hidden="true">${mark ?? null}</span>${mark ? " " : ""}${name}</th>
      <td aria-hidden="true"><div class="track ${colour}"><i></i></div></td><td class="${tone}">${value}</td><td class="muted">${more}</td></tr>`;
    row.querySelector("i")?.style.setProperty("--share", `${(share(amount, most) * 100).toFixed(2)}%`);
    return row;
  });
  const table = element`<table class="bars"><caption class="offscreen">${caption}</caption>
    <thead class="offscreen"><tr><th scope="col">${heads[0]}</th><td></td><th scope="col">${heads[1]}</th>${heads[2] ? element`<th scope="col">${heads[2]}</th>` : element`<td></td>`}</tr></thead>
    <tbody></tbody></table>`;
  const body = table.querySelector("tbody");
  body?.append(...rows.slice(0, MOST));
  if (rows.length <= MOST) return html`${table}`;
  const rest = element`<button type="button" class="link">${rows.length - MOST} more</button>`;
  rest.addEventListener("click", () => {
    body?.append(...rows.slice(MOST));
    rest.remove();
  });
  return html`${table}${rest}`;
}

/** A line of the ledger's sums as a bar: the cost, or the tokens where nothing cost anything. @param {import("../state/usage.js").Line[]} lines */
export function costBars(lines) {
  const isFree = lines.every((line) => !line.cost_nanos);
  return lines.map((line) => ({
    name: line.name,
    amount: isFree ? line.tokens : line.cost_nanos,
    value: cost(line),
    tone: line.cost_nanos || line.unknown ? "" : "muted",
    more: html`${tokens(line.tokens)} tok<span class="offscreen"> · ${plural(line.calls, "call")}</span>`,
    colour: "blue",
  }));
}

const hour = (/** @type {number} */ at) => `${at}:00`;

/** The 24 hours of a day, the brighter the dearer. @param {Amount[]} hours */
export function heatStrip(hours) {
  const costs = measure(hours);
  const most = Math.max(...costs);
  const cells = hours.map(
    (amount, at) =>
      element`<i data-level="${level(costs[at], most)}" title="${hour(at)} · ${dollars(amount.cost_nanos)} · ${plural(amount.calls, "call")}"></i>`,
  );
  const axis = [0, 6, 12, 18, 23].map((at) => element`<span>${at}</span>`);
  return html`<div class="heat" aria-hidden="true">${cells}</div><div class="axis muted" aria-hidden="true">${axis}</div>
    ${amounts("activity by the hour of the day", "hour", hours, (_, at) => hour(at))}`;
}

/** The hour with the most; "" where there was nothing. @param {Amount[]} hours */
export function busiest(hours) {
  const at = peak(measure(hours));
  return at < 0 ? "" : `peak ${hour(at)}`;
}

/** Costs, or calls where nothing cost anything. @param {Amount[]} all */
function measure(all) {
  const costs = all.map(({ cost_nanos }) => cost_nanos);
  return costs.some((nanos) => nanos > 0) ? costs : all.map(({ calls }) => calls);
}

/**
 * A column for each day, week or month; those that stand out are marked.
 * @param {(Amount & {date: string})[]} days
 * @param {string} bucket
 * @param {"cost" | "tokens"} shown
 */
export function columnChart(days, bucket, shown) {
  const heights = days.map((day) => (shown === "cost" ? day.cost_nanos : day.tokens));
  const most = Math.max(...heights);
  const { average, marks } = spikes(heights);
  const columns = days.map((day, at) => {
    const title = `${written(day.date, bucket)} · ${dollars(day.cost_nanos)} · ${tokens(day.tokens)} tok · ${plural(day.calls, "call")}`;
    const column = element`<i class="${marks[at]}" title="${title}"></i>`;
    column.style.setProperty("--share", share(heights[at], most).toFixed(4));
    return column;
  });
  const chart = element`<div class="columns" aria-hidden="true">${columns}</div>`;
  chart.style.setProperty("--count", String(days.length));
  const ends = [days[0], days[days.length - 1]].map(
    (day) => element`<span>${written(day.date, bucket)}</span>`,
  );
  const high = marks.filter((mark) => mark === "high").length;
  const spiked = marks.filter(Boolean).length - high;
  const standing = [
    html`<span>avg ${shown === "cost" ? dollars(Math.round(average)) : tokens(Math.round(average))}</span>`,
    spiked > 0 && html`<span class="yellow">▲ ${spiked} over 1.5×</span>`,
    high > 0 && html`<span class="red">▲ ${high} over 2×</span>`,
  ].filter(Boolean);
  return html`${chart}<div class="axis muted" aria-hidden="true">${days.length > 1 ? ends : ends[0]}</div>
    <p class="muted said">${standing.map((part, at) => html`<span>${at ? " · " : ""}</span>${part}`)}</p>
    ${amounts(`use by ${bucket}`, bucket, days, (day, at) => `${written(/** @type {any} */ (day).date, bucket)}${{ "": "", spike: ", 1.5 times the average", high: ", twice the average" }[marks[at]]}`)}`;
}

/** `nov 20`, `nov 2026` @param {string} date @param {string} bucket */
function written(date, bucket) {
  const time = new Date(`${date}T12:00:00`);
  const options = /** @type {Intl.DateTimeFormatOptions} */ (
    bucket === "month" ? { month: "short", year: "numeric" } : { month: "short", day: "numeric" }
  );
  return time.toLocaleDateString("en", options).toLowerCase();
}

/**
 * What a chart shows, for those who do not see it.
 * @param {string} caption
 * @param {string} head
 * @param {Amount[]} rows
 * @param {(amount: Amount, at: number) => string} name
 */
function amounts(caption, head, rows, name) {
  const lines = rows.map(
    (row, at) =>
      element`<tr><th scope="row">${name(row, at)}</th><td>${dollars(row.cost_nanos)}</td><td>${row.calls}</td><td>${row.tokens}</td></tr>`,
  );
  return element`<div class="offscreen"><table><caption>${caption}</caption><thead><tr><th scope="col">${head}</th>
    <th scope="col">cost</th><th scope="col">calls</th><th scope="col">tokens</th></tr></thead><tbody>${lines}</tbody></table></div>`;
}
