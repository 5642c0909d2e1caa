/** Usage: what was spent and on what, by range; a member's own, for an admin everybody's too. */

import { PageElement } from "../lib/element.js";
import { element, html } from "../lib/html.js";
import { style } from "../lib/style.js";
import { models } from "../state/models.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";
import { session } from "../state/session.js";
import { RANGES, usage } from "../state/usage.js";
import {
  activity,
  byBucket,
  byGroup,
  byModel,
  cards,
  dearest,
  GROUPS,
  overTime,
  speeds,
  summary,
} from "./usageboxes.js";

await style(import.meta.resolve("./usage.css"));

const EMPTY = {
  today: "nothing was used today",
  week: "nothing was used this week",
  month: "nothing was used this month",
};

export class UsageScreen extends PageElement {
  #group = GROUPS[0][0];
  /** @type {"cost" | "tokens"} */
  #measure = "cost";

  connectedCallback() {
    this.replaceChildren(html`<div class="wide">
      <div class="head">
        <div class="tabs" role="tablist" aria-label="range">${[...RANGES, "range"].map(
          (name) =>
            element`<button type="button" role="tab" id="tab-${name}" aria-controls="usage-panel" data-range="${name}"><span>${name}</span></button>`,
        )}</div>
        <div class="tabs whose" role="group" aria-label="whose" hidden>
          <button type="button" data-scope="mine"><span>mine</span></button><button type="button" data-scope="all"><span>everybody</span></button></div>
      </div>
      <form class="days" hidden><label>from <input type="date" name="from" required></label>
        <label>to <input type="date" name="to" required></label><button class="act">show</button></form>
      <p class="problem-line red" role="alert" hidden></p>
      <div id="usage-panel" role="tabpanel" aria-busy="true" tabindex="0"></div>
      <div class="take" hidden>
        <button type="button" class="item log"><span></span><span>request log</span><span class="muted">every call ▸</span></button>
        <button type="button" class="item budgets"><span></span><span>budgets</span><span class="muted">what may be spent ▸</span></button>
        <p class="item"><span></span><span>take away</span><span><button type="button" class="link" data-format="csv">csv</button>
          <button type="button" class="link" data-format="json">json</button></span></p></div></div>`);
    this.find(".whose").hidden = session.user.role !== "admin";
    this.find(".tabs").addEventListener("click", (/** @type {Event} */ event) => this.#choose(event.target));
    this.find(".tabs").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    this.find(".whose").addEventListener("click", (/** @type {any} */ { target }) => {
      const scope = target.closest("button")?.dataset.scope;
      if (scope) this.#look({ scope });
    });
    this.find(".days").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      const [from, to] = [this.find("[name=from]").value, this.find("[name=to]").value].sort();
      this.#look({ range: { name: "custom", from, to } });
    });
    this.find(".log").addEventListener("click", () => place.screen("log"));
    this.find(".budgets").addEventListener("click", () => place.open("budgets"));
    for (const button of this.querySelectorAll("[data-format]"))
      button.addEventListener("click", () =>
        usage
          .take(/** @type {any} */ (button).dataset.format)
          .catch((/** @type {unknown} */ error) => notices.fail(error)),
      );
    this.until(
      usage.report.watch(() => this.#draw()),
      usage.problem.watch((problem) => this.#fail(problem)),
      usage.busy.watch((busy) => this.find("#usage-panel").setAttribute("aria-busy", String(busy))),
      models.listing.listen(() => this.#draw()),
      usage.follow(),
    );
    const wanted = RANGES.find((name) => name === place.value.about);
    this.#look(wanted ? { range: { name: wanted, from: "", to: "" } } : {});
    this.until(
      place.listen(({ screen, about }) => {
        if (screen === "usage" && RANGES.some((name) => name === about))
          this.#look({ range: { name: about, from: "", to: "" } });
      }),
    );
  }

  /** @param {Parameters<typeof usage.look>[0]} wanted */
  #look(wanted) {
    const answer = usage.look(wanted);
    const shown = usage.range.name === "custom" ? "range" : usage.range.name;
    this.#mark(shown);
    for (const button of this.querySelectorAll("[data-scope]"))
      button.setAttribute("aria-pressed", String(/** @type {any} */ (button).dataset.scope === usage.scope));
    return answer;
  }

  /** @param {string} shown the tab that is chosen */
  #mark(shown) {
    for (const tab of this.querySelectorAll("[role=tab]")) {
      const isChosen = /** @type {HTMLElement} */ (tab).dataset.range === shown;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.setAttribute("tabindex", isChosen ? "0" : "-1");
    }
    this.find("#usage-panel").setAttribute("aria-labelledby", `tab-${shown}`);
    this.find(".days").hidden = shown !== "range";
  }

  /** @param {any} target */
  #choose(target) {
    const name = target.closest("[role=tab]")?.dataset.range;
    if (!name) return;
    if (name !== "range") return void this.#look({ range: { name, from: "", to: "" } });
    const { from = "", to = "" } = usage.report.value?.range ?? {};
    this.find("[name=from]").value ||= from;
    this.find("[name=to]").value ||= to;
    this.#mark("range");
  }

  /** Left and right through the tabs. @param {KeyboardEvent} event */
  #key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const tabs = /** @type {HTMLElement[]} */ ([...this.querySelectorAll("[role=tab]")]);
    const at = tabs.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const next = tabs[(at + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
  }

  /** @param {string} problem */
  #fail(problem) {
    const line = this.find(".problem-line");
    line.hidden = !problem;
    if (!problem) return;
    const again = element`<button type="button" class="act">retry</button>`;
    again.addEventListener("click", () => this.#look({}));
    line.replaceChildren(html`<span>✗ ${problem}</span> ${again}`);
  }

  #draw() {
    const report = usage.report.value;
    if (!report) return;
    const { total, days, conversations, speed } = report;
    const over = () =>
      overTime(report, this.#measure, (measure) => {
        this.#measure = measure;
        this.#draw();
      });
    const group = (/** @type {import("./usageboxes.js").Other} */ name) => {
      this.#group = name;
      this.#draw();
    };
    const boxes = total.calls
      ? [
          byModel(report),
          activity(report),
          over(),
          byBucket(report),
          byGroup(report, this.#group, group),
          conversations.length > 0 && dearest(report),
          speed.length > 0 && speeds(report),
        ]
      : [this.#nothing(report), days.some(({ calls }) => calls > 0) && over()];
    const panel = this.find("#usage-panel");
    const buttons = () => /** @type {HTMLElement[]} */ ([...panel.querySelectorAll("button")]);
    const focused = buttons().indexOf(/** @type {HTMLElement} */ (document.activeElement));
    panel.replaceChildren(
      html`<div class="cards">${cards(report)}</div>${total.calls > 0 && summary(report)}
        <div class="boxes">${boxes.filter(Boolean)}</div>`,
    );
    buttons()[focused]?.focus({ preventScroll: true });
    this.find(".take").hidden = !total.calls;
  }

  /** @param {import("../state/usage.js").Report} report */
  #nothing(report) {
    const { name } = report.range;
    const said = report.cards.all.calls
      ? (EMPTY[/** @type {keyof typeof EMPTY} */ (name)] ?? "nothing was used in these days")
      : "nothing yet: what a reply costs is shown here as soon as there is one";
    const part = element`<div class="whole-box"><section class="box"><h2>usage</h2><p class="muted">${said}</p>
      <p class="start"><button type="button" class="link">new chat</button><button type="button" class="link">connect a program</button></p></section></div>`;
    const [chat, connect] = part.querySelectorAll("button");
    chat.addEventListener("click", () => place.chat(null));
    connect.addEventListener("click", () => place.screen("connect"));
    return part;
  }
}

customElements.define("usage-screen", UsageScreen);
