/** Settings: provider keys, the person's choices, where they are signed in, and what this address allows. */

import { PageElement } from "../lib/element.js";
import { ago } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { insist } from "../lib/later.js";
import { style } from "../lib/style.js";
import { devices } from "../state/devices.js";
import { models } from "../state/models.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";
import { session } from "../state/session.js";
import { THEMES, theme } from "../state/theme.js";
import "./gatewaykeys.js";
import "./keylist.js";
import { whatHttpsAdds } from "./secure.js";
import "./notifysettings.js";
import "./routesettings.js";
import "./archivesettings.js";
import "./budgetsettings.js";

await style(import.meta.resolve("./settings.css"));

const EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

export class SettingsScreen extends PageElement {
  connectedCallback() {
    this.replaceChildren(html`<div class="column">
      <key-list></key-list>
      <gateway-keys></gateway-keys>
      <section class="box yellow"><h2>you</h2>
        <label class="pair"><span>theme</span><select name="theme"></select></label>
        <label class="pair"><span>default model</span><select name="model"></select></label>
        <label class="pair"><span>thinking in new chats</span><select name="reasoning"></select></label>
        <p class="pair"><span>default system text</span><button type="button" class="act system"></button></p>
        <p class="pair"><span>templates</span><button type="button" class="act templates">show</button></p>
        ${
          session.user.role === "admin" &&
          element`<p class="pair"><span>people</span><button type="button" class="act people">manage</button></p>`
        }
        <p class="pair"><span>time zone</span><span class="muted zone"></span></p>
        <p class="pair"><span>signed in as</span><span class="muted">${session.user.username} · ${session.user.role}</span></p>
      </section>
      <route-settings></route-settings>
      <budget-settings></budget-settings>
      ${session.user.role === "admin" && element`<price-settings></price-settings>`}
      <notify-settings></notify-settings>
      <archive-settings></archive-settings>
      ${session.user.role === "admin" && element`<backup-settings></backup-settings>`}
      ${session.user.role === "admin" && element`<doctor-settings></doctor-settings>`}
      <section class="box blue devices"><h2>devices</h2><div class="rows"></div></section>
      <section class="box"><h2>this address</h2>${this.#address()}</section>
      <p class="muted">LLM Router v${session.version}</p></div>`);
    this.find(".system").addEventListener("click", () => place.open("system", "default"));
    this.querySelector(".people")?.addEventListener("click", () => place.screen("users"));
    this.find(".templates").addEventListener("click", () => place.screen("templates"));
    this.until(
      session.preferences.watch(({ default_system, timezone }) => {
        this.find(".system").textContent = default_system ? "change" : "none, set one";
        this.#drawZone(timezone);
      }),
    );
    if (session.user.role === "admin") {
      insist(this.find("price-settings"), () => import("./pricesettings.js"));
      insist(this.find("backup-settings"), () => import("./backupsettings.js"));
      insist(this.find("doctor-settings"), () => import("./doctorsettings.js"));
    }
    this.#fillTheme();
    this.#fillReasoning();
    this.until(
      models.listing.watch(() => this.#fillModels()),
      session.preferences.listen(() => this.#fillModels()),
      devices.list.watch(() => this.#drawDevices()),
    );
    this.find("[name=model]").addEventListener("change", () => this.#preferModel());
    devices.load().catch((error) => notices.fail(error));
  }

  #address() {
    const place = element`<p class="pair wraps"><span>${location.host}</span></p>`;
    if (window.isSecureContext) {
      place.append(element`<span class="green">✓ everything works here</span>`);
      return place;
    }
    place.append(element`<span class="yellow">plain http</span>`);
    return html`${place}${whatHttpsAdds()}`;
  }

  /** Whose days and months count; another one where this device is elsewhere. @param {string} [known] */
  #drawZone(known) {
    const { timeZone: timezone } = Intl.DateTimeFormat().resolvedOptions();
    const other =
      timezone && timezone !== known && element`<button type="button" class="act">use ${timezone}</button>`;
    this.find(".zone").replaceChildren(html`${known} ${other}`);
    if (other)
      other.addEventListener("click", () => session.prefer({ timezone }).catch((e) => notices.fail(e)));
  }

  #fillTheme() {
    const select = this.find("[name=theme]");
    select.append(...THEMES.map((name) => new Option(name, name)));
    this.until(theme.watch((choice) => (select.value = choice)));
    select.addEventListener("change", () => theme.choose(select.value).catch((error) => notices.fail(error)));
  }

  #fillReasoning() {
    const select = this.find("[name=reasoning]");
    select.append(new Option("automatic", ""), ...EFFORTS.map((level) => new Option(level, level)));
    this.until(session.preferences.watch((chosen) => (select.value = chosen.default_reasoning ?? "")));
    select.addEventListener("change", () =>
      session.prefer({ default_reasoning: select.value || null }).catch((error) => notices.fail(error)),
    );
  }

  #fillModels() {
    const select = this.find("[name=model]");
    const chosen = session.preferences.value.default_model ?? "";
    const standard = models.listing.value.default;
    const options = [new Option(`automatic${standard && !chosen ? ` (${standard})` : ""}`, "")];
    const routes = models.listing.value.routes ?? [];
    for (const { id } of [...models.listing.value.models, ...routes]) options.push(new Option(id, id));
    if (chosen && !options.some((option) => option.value === chosen))
      options.push(new Option(`${chosen} (not listed now)`, chosen));
    select.replaceChildren(...options);
    select.value = chosen;
  }

  async #preferModel() {
    try {
      await session.prefer({ default_model: this.find("[name=model]").value || null });
      await models.load();
    } catch (error) {
      notices.fail(error);
    }
  }

  #drawDevices() {
    const rows = devices.list.value.map((one) => {
      const row = element`<p class="pair"><span class="name">${one.device.name}</span>
        <span class="muted">${one.current ? "this one" : ago(one.created_at)}</span>
        <button type="button" class="act">sign out</button></p>`;
      row.querySelector("button")?.addEventListener("click", () => this.#signOut(one));
      return row;
    });
    this.find(".devices .rows").replaceChildren(...rows);
  }

  /** @param {import("../state/devices.js").SignIn} one */
  async #signOut(one) {
    try {
      if (one.current) await session.logout();
      else await devices.signOut(one.id);
    } catch (error) {
      notices.fail(error);
    }
  }
}

customElements.define("settings-screen", SettingsScreen);
