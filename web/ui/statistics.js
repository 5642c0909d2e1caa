/** What was used: the last turn, the context, and this conversation beside this device and the account. */

import { PageElement } from "../lib/element.js";
import { cost, dollars, duration, modelName, tokens } from "../lib/format.js";
import { element } from "../lib/html.js";
import { conversation } from "../state/conversation.js";
import { models } from "../state/models.js";
import { statistics } from "../state/statistics.js";
import { price } from "./meta.js";

/** @typedef {import("../state/statistics.js").Figures} Figures */

const BUCKETS = /** @type {const} */ ([
  ["input", "input"],
  ["cache_read", "cache read"],
  ["cache_write", "cache write"],
  ["output", "output"],
  ["reasoning", "thinking"],
]);

export class StatisticsPanel extends PageElement {
  #frame = 0;

  connectedCallback() {
    const later = () => {
      this.#frame ||= requestAnimationFrame(() => this.#draw());
    };
    this.until(
      conversation.info.listen(later),
      conversation.path.listen(later),
      conversation.changed.listen(later),
      statistics.device.listen(later),
      models.listing.listen(later),
    );
    this.#draw();
  }

  #draw() {
    this.#frame = 0;
    const boxes = [this.#turn(), this.#context(), this.#sums()];
    this.replaceChildren(...boxes.filter((box) => box !== null));
  }

  #turn() {
    const row = conversation.path.value
      .map((id) => conversation.messages.get(id))
      .filter((one) => one?.role === "assistant")
      .at(-1);
    if (!row) return null;
    const activity = conversation.replies.get(row.id)?.activity;
    const written = row.usage ? row.usage.output + row.usage.reasoning : (activity?.tokens ?? 0);
    const read = row.usage ? row.usage.input + row.usage.cache_read + row.usage.cache_write : null;
    const writing = row.duration_ms && row.first_token_ms !== null ? row.duration_ms - row.first_token_ms : 0;
    const speed = activity?.tokens_per_second ?? (writing > 200 ? (written * 1000) / writing : null);
    return box("turn", "cyan", [
      ["model", models.isDemo(row.model) ? "demo, not an AI" : modelName(row.model), ""],
      ["in / out", `${read === null ? "…" : tokens(read)} / ${activity ? "~" : ""}${tokens(written)}`, ""],
      ["cost", activity ? `~${dollars(activity.cost_nanos ?? 0)}` : price(row) || "…", "green"],
      ["first token", row.first_token_ms === null ? "…" : duration(row.first_token_ms), ""],
      ["speed", speed ? `${Math.round(speed)} t/s` : "…", "orange"],
    ]);
  }

  #context() {
    const info = conversation.info.value;
    const limit = info?.context?.limit ?? models.find(info?.model ?? models.listing.value.default)?.context;
    if (!info?.context || !limit) return null;
    const share = Math.min(1, info.context.used / limit);
    const colour = share >= 0.95 ? "red" : share >= 0.8 ? "yellow" : "green";
    const part = element`<section class="box ${colour}"><h2>context</h2><div class="track ${colour}"><i></i></div>
      <p class="muted">${tokens(info.context.used)} of ${tokens(limit)} · ${Math.round(share * 100)}%</p></section>`;
    part.querySelector("i")?.style.setProperty("width", `${Math.round(share * 100)}%`);
    return part;
  }

  /** Tokens by bucket, this conversation and overall side by side. */
  #sums() {
    const columns = /** @type {[string, Figures | null | undefined][]} */ ([
      ["chat", conversation.info.value?.figures],
      ["device", statistics.device.value],
    ]);
    const lines = BUCKETS.map(([bucket, name]) => line(name, columns, (sum) => tokens(sum[bucket])));
    lines.push(line("calls", columns, (sum) => String(sum.calls)));
    lines.push(line("cost", columns, (sum) => cost(sum), "green"));
    const all = statistics.account.value;
    return element`<section class="box magenta"><h2>tokens and cost</h2><table class="sums">
      <thead><tr><td></td>${columns.map(([name]) => element`<th scope="col" class="muted">${name}</th>`)}</tr></thead>
      <tbody>${lines}</tbody></table>
      ${all && element`<p class="pair whole"><span class="muted">account</span><span class="muted">${tokens(all.tokens)} tok · <span class="green">${cost(all)}</span></span></p>`}</section>`;
  }
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
