/** The gateway keys in settings: what each may and has cost, one more with its limits, and an end to it. */

import { PageElement } from "../lib/element.js";
import { ago, cost, dollars, tokens } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { gatewayKeys } from "../state/gatewaykeys.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";
import { session } from "../state/session.js";
import { GatewayKeyForm } from "./gatewaykeyform.js";
import { twice } from "./twice.js";
import "./madekey.js";

/** @typedef {import("../state/gatewaykeys.js").GatewayKey} GatewayKey */

export class GatewayKeyList extends PageElement {
  connectedCallback() {
    this.replaceChildren(html`<section class="box green"><h2>gateway keys</h2>
      <p class="muted">with one of these any other program uses every model of this server</p>
      <made-key></made-key><div class="rows"></div>
      <button type="button" class="item add new"><span class="blue">+</span><span class="blue">make a key</span></button>
      <div class="form"></div>
      <button type="button" class="item add connect"><span class="blue">▸</span><span class="blue">connect a tool</span></button></section>`);
    this.find(".new").addEventListener("click", () => this.#toggleForm(null));
    this.find(".connect").addEventListener("click", () => place.screen("connect"));
    this.until(gatewayKeys.listing.watch(() => this.#draw()));
    gatewayKeys.load().catch((error) => notices.fail(error));
  }

  /** Below the rows, for a new key or for one of them; again puts it away. @param {GatewayKey | null} key */
  #toggleForm(key) {
    const place = this.find(".form");
    const open = /** @type {GatewayKeyForm | null} */ (place.firstElementChild);
    place.replaceChildren();
    if (open && open.key?.id === key?.id) return;
    const form = new GatewayKeyForm();
    form.key = key;
    form.addEventListener("done", () => {
      place.replaceChildren();
      if (key) notices.say(`${key.name} is changed`);
    });
    place.append(form);
  }

  #draw() {
    this.find(".rows").replaceChildren(...(gatewayKeys.listing.value ?? []).map((key) => this.#row(key)));
  }

  /** @param {GatewayKey} key */
  #row(key) {
    const own = key.username === session.user.username;
    const used = key.last_used_at ? `used ${ago(key.last_used_at)}` : "never used";
    const facts = [
      key.shown,
      own ? "" : key.username,
      key.project,
      key.scope === "admin" ? "for /admin" : "",
      key.models.join(" "),
      key.rpm ? `${tokens(key.rpm)}/min` : "",
      key.tpm ? `${tokens(key.tpm)} tok/min` : "",
      key.expires_at && key.state === "active" ? `until ${key.expires_at.slice(0, 10)}` : "",
      key.legacy ? `the old key: ${key.lately} calls in 7 days` : used,
    ];
    const of = key.limit_nanos ? ` of ${dollars(key.limit_nanos)}` : "";
    const row = element`<p class="pair"><span class="name">${key.name}</span>
      <span class="green">${cost(key.figures)}${of}</span>
      <button type="button" class="act change" aria-label="change ${key.name}">change</button>
      <button type="button" class="act red" aria-label="revoke ${key.name}">revoke</button>
      <span class="facts muted">${key.state === "expired" && element`<span class="yellow">expired ${key.expires_at?.slice(0, 10)} · </span>`}${facts.filter(Boolean).join(" · ")}</span></p>`;
    const [change, revoke] = /** @type {NodeListOf<HTMLElement>} */ (row.querySelectorAll("button"));
    change.hidden = revoke.hidden = key.legacy;
    change.addEventListener("click", () => this.#toggleForm(key));
    twice(revoke, "really?", () => this.#revoke(key));
    return row;
  }

  /** @param {GatewayKey} key */
  async #revoke(key) {
    try {
      await gatewayKeys.revoke(key.id);
      notices.say(`${key.name} is revoked`);
    } catch (error) {
      notices.fail(error);
    }
  }
}

customElements.define("gateway-keys", GatewayKeyList);
