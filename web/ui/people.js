/** The people of this server, for an admin: who there is, one more, one-time links, invitations. */

import { PageElement } from "../lib/element.js";
import { ago, day } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { style } from "../lib/style.js";
import { copyOrShow } from "../state/copying.js";
import { notices } from "../state/notices.js";
import { people } from "../state/people.js";
import { place } from "../state/place.js";
import { session } from "../state/session.js";
import { sent } from "./sending.js";

await style(import.meta.resolve("./people.css"));

/** @typedef {import("../state/people.js").Person} Person */

const ROLES = html`<label class="field">role<select name="role"><option>member</option><option>admin</option></select></label>`;

export class UsersScreen extends PageElement {
  connectedCallback() {
    this.tabIndex = 0;
    if (session.user.role !== "admin") {
      this.replaceChildren(html`<div class="column"><p class="muted">only an admin manages people</p></div>`);
      return;
    }
    this.replaceChildren(html`<div class="column">
      <div class="made" role="status"></div>
      <section class="box cyan"><h2>people</h2><div class="rows list" aria-busy="true"></div>
        <button type="button" class="item add one"><span class="blue">+</span><span class="blue">add somebody</span></button>
        <div class="form"></div></section>
      <section class="box yellow"><h2>invitations</h2><p class="muted open"></p><div class="rows invited"></div>
        <button type="button" class="item add guest"><span class="blue">+</span><span class="blue">invite somebody</span></button>
        <div class="form"></div></section></div>`);
    this.find(".one").addEventListener("click", (/** @type {Event} */ event) => toggle(event, newPerson));
    this.find(".guest").addEventListener("click", (/** @type {Event} */ event) =>
      toggle(event, newInvitation),
    );
    this.until(
      people.made.watch(() => this.#drawLink()),
      people.list.watch((list) => list && this.#drawList(list)),
      people.invitations.watch(() => this.#drawInvitations()),
    );
    people.load().catch((error) => notices.fail(error));
  }

  #drawLink() {
    const made = people.made.value;
    this.find(".made").replaceChildren();
    if (!made) return;
    const box = element`<section class="box green"><h2>${made.about}</h2>
      <figure class="code"><figcaption><span>link</span><button type="button" class="copy">copy</button></figcaption>
        <pre tabindex="0"><code>${made.url}</code></pre></figure>
      ${made.code && element`<p class="pair"><span>or the code</span><span class="code-text">${made.code}</span></p>`}
      <p class="yellow">it is shown only now, works once, and ends ${until(made.expires_at)}</p></section>`;
    box.querySelector(".copy")?.addEventListener("click", async () => {
      if (await copyOrShow(made.url)) notices.say("copied");
    });
    this.find(".made").append(box);
    box.scrollIntoView({ block: "nearest" });
  }

  /** @param {Person[]} list */
  #drawList(list) {
    const rows = this.find(".list");
    rows.removeAttribute("aria-busy");
    rows.replaceChildren(...list.map(personRow));
    this.find(".open").textContent = people.settings.registration
      ? "with one of these a person makes an account"
      : "registering is off: they count once the server is started with LLM_ROUTER_REGISTRATION=true";
  }

  #drawInvitations() {
    const rows = people.invitations.value.map((one) => {
      const row = element`<p class="pair"><span class="name">${one.role}</span>
        <span class="muted">ends ${day(one.expires_at)}</span>
        <button type="button" class="act red" aria-label="withdraw the invitation of ${one.created_at.slice(0, 10)}">withdraw</button></p>`;
      row.querySelector("button")?.addEventListener("click", () => {
        people.withdraw(one.id).catch((error) => notices.fail(error));
      });
      return row;
    });
    this.find(".invited").replaceChildren(...rows);
  }
}

/** @param {Person} one */
function personRow(one) {
  const disabled = one.state === "disabled";
  const facts = [
    one.you ? "you" : "",
    one.legacy
      ? "the old key"
      : one.last_login_at
        ? `signed in ${ago(one.last_login_at)}`
        : "never signed in",
    one.models.join(" "),
  ];
  const row = element`<button type="button" class="person">
    <span class="name">${one.username}</span>
    <span class="${disabled ? "red" : one.role === "admin" ? "magenta" : "muted"}">${disabled ? "disabled" : one.role}</span>
    <span class="faint" aria-hidden="true">▸</span>
    <small class="muted">${facts.filter(Boolean).join(" · ")}</small></button>`;
  row.addEventListener("click", () => place.open("person", one));
  return row;
}

function newPerson() {
  const form = element`<form autocomplete="off">
    <label class="field">user name<input name="username" maxlength="32" autocapitalize="none" spellcheck="false" required></label>
    ${ROLES.cloneNode(true)}
    <label class="field">models<input name="models" autocapitalize="none" spellcheck="false" placeholder="every one, or patterns: gpt-* ollama/*"></label>
    <p class="problem" role="alert"></p><button class="primary">add, and make a link</button></form>`;
  return submits(form, (values) =>
    people.create({
      username: String(values.get("username")),
      role: /** @type {Person["role"]} */ (values.get("role")),
      models: String(values.get("models"))
        .split(/[\s,]+/)
        .filter(Boolean),
    }),
  );
}

function newInvitation() {
  const form = element`<form autocomplete="off">${ROLES.cloneNode(true)}
    <label class="field">holds for days<input name="days" type="number" min="1" max="90" value="7" required></label>
    <p class="problem" role="alert"></p><button class="primary">make an invitation</button></form>`;
  return submits(form, (values) =>
    people.invite({
      role: /** @type {Person["role"]} */ (values.get("role")),
      days: Number(values.get("days")),
    }),
  );
}

/** Opens a form below its button, or closes it. @param {Event} event @param {() => HTMLElement} make */
function toggle(event, make) {
  const form = /** @type {HTMLElement} */ (/** @type {Element} */ (event.currentTarget).nextElementSibling);
  if (form.firstChild) return form.replaceChildren();
  form.replaceChildren(make());
  form.querySelector("input")?.focus();
}

/** @param {HTMLElement} form @param {(values: FormData) => Promise<void>} send */
function submits(form, send) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = new FormData(/** @type {HTMLFormElement} */ (form));
    if (await sent(form, () => send(values))) form.remove();
  });
  return form;
}

/** @param {string} time */
const until = (time) => new Date(time).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });

customElements.define("users-screen", UsersScreen);
