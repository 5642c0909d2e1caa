/** The empty chat: a greeting, and what to begin with, near the thumb. */

import { PageElement } from "../lib/element.js";
import { ago, cost, plural } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { icon } from "../lib/icons.js";
import { commands } from "../state/commands.js";
import { conversations } from "../state/conversations.js";
import { models } from "../state/models.js";
import { place } from "../state/place.js";
import { session } from "../state/session.js";
import { statistics } from "../state/statistics.js";

export class EmptyChat extends PageElement {
  connectedCallback() {
    const draw = () => this.#draw();
    this.until(models.listing.listen(draw), conversations.list.listen(draw), statistics.day.listen(draw));
    this.#draw();
  }

  #draw() {
    const { models: all, default_note } = models.listing.value;
    const real = all.filter((model) => !model.demo).length;
    const today = statistics.day.value;
    const ready = real
      ? `${plural(real, "model")} ready`
      : all.length
        ? "the demo is ready · demo, not an AI"
        : "no model yet";
    const facts = [models.loaded ? ready : "…", today && today.cost_nanos > 0 && `${cost(today)} today`];
    this.replaceChildren(html`
      <p class="soft">${greeting()}, ${session.user.username}</p>
      <p class="muted">${facts.filter(Boolean).join(" · ")}</p>
      ${default_note && element`<p class="yellow">${default_note}</p>`}
      <div class="suggestions">${this.#suggestions(real > 0)}</div>`);
  }

  /** @param {boolean} hasKey */
  #suggestions(hasKey) {
    const write = (/** @type {string} */ text) => () => commands.write(text);
    const last = conversations.list.value.find((one) => one.id !== place.value.conversation && one.title);
    const rows = [
      !hasKey &&
        suggestion(icon("key"), "add a key", "openai · anthropic · …", () => place.screen("settings")),
      suggestion(icon("robot"), "/model", "choose who answers", () => place.open("model")),
      suggestion(icon("brain"), "/reasoning", "how long to think", write("/reasoning ")),
      hasKey && suggestion(icon("text"), "/system", "what to keep in mind", write("/system ")),
      last
        ? suggestion(icon("history"), "continue", `${last.title} · ${ago(last.updated_at)}`, () =>
            place.chat(last.id),
          )
        : suggestion(
            icon("console"),
            "say hello",
            "markdown, code, tables",
            write("show me what you can draw: a table, a list, some code"),
          ),
    ];
    return rows.filter((row) => row instanceof HTMLElement);
  }
}

function greeting() {
  const hour = new Date().getHours();
  if (hour < 5) return "good night";
  if (hour < 12) return "good morning";
  return hour < 18 ? "good afternoon" : "good evening";
}

/** @param {Node} mark @param {string} label @param {string} detail @param {() => unknown} run */
function suggestion(mark, label, detail, run) {
  const row = element`<button type="button" class="item"><span>${mark}</span><span class="line">${label} <span class="muted">${detail}</span></span><span class="faint" aria-hidden="true">▸</span></button>`;
  row.addEventListener("click", run);
  return row;
}

customElements.define("empty-chat", EmptyChat);
