/** The frame: drawer, bar, transcript or screen, status line, prompt, and the keys that work everywhere. */

import { PageElement } from "../lib/element.js";
import { html } from "../lib/html.js";
import { insist } from "../lib/later.js";
import { conversation } from "../state/conversation.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";
import { swipe } from "./swipe.js";
import "./announcer.js";
import "./drawer.js";
import "./notice.js";
import "./prompt.js";
import "./statusline.js";
import "./topbar.js";
import "./transcript.js";

/** Screens beside the chat are fetched when they are first shown. */
const SCREENS = {
  chat: { name: "chat-transcript", load: async () => {} },
  settings: { name: "settings-screen", load: () => import("./settings.js") },
  help: { name: "help-screen", load: () => import("./help.js") },
  search: { name: "search-screen", load: () => import("./search.js") },
  bin: { name: "bin-screen", load: () => import("./bin.js") },
  templates: { name: "templates-screen", load: () => import("./templates.js") },
  connect: { name: "connect-screen", load: () => import("./connect.js") },
  usage: { name: "usage-screen", load: () => import("./usage.js") },
  log: { name: "log-screen", load: () => import("./calllog.js") },
  users: { name: "users-screen", load: () => import("./people.js") },
};
const wide = matchMedia("(min-width: 860px)");
const panel = matchMedia("(min-width: 1100px)");

/** Milliseconds in which the second key of two has to come. */
const NEXT_KEY = 1500;

export class AppShell extends PageElement {
  /** When `g` was pressed. */
  #going = Number.NEGATIVE_INFINITY;

  connectedCallback() {
    this.dataset.screen = place.value.screen; // first, or the prompt cannot take the focus
    this.replaceChildren(html`
      <side-drawer></side-drawer>
      <div class="scrim" hidden></div>
      <div class="middle">
        <top-bar></top-bar>
        <main></main>
        <notice-bar hidden></notice-bar>
        <section class="foot" aria-label="prompt">
          <command-palette></command-palette>
          <status-line></status-line>
          <chat-prompt></chat-prompt>
        </section>
      </div>
      <aside aria-label="statistics"></aside>
      <chat-announcer></chat-announcer>`);
    this.#drawer(false);
    this.addEventListener("menu", () => this.#drawer(!this.classList.contains("drawer-open")));
    this.addEventListener("leave", () => this.#drawer(false));
    this.addEventListener("sent", () => this.#transcript()?.toLatest());
    this.find(".scrim").addEventListener("click", () => this.#drawer(false));
    swipe(this, { right: () => !wide.matches && this.#drawer(true), left: () => this.#drawer(false) });
    this.on(document, "keydown", (event) => this.#key(event));
    this.on(document, "edit", (event) => this.find("chat-prompt").edit(event.detail));
    this.on(wide, "change", () => this.#drawer(false));
    const beside = () => {
      const aside = this.find("aside");
      aside.replaceChildren();
      if (!panel.matches) return;
      const node = aside.appendChild(document.createElement("statistics-panel"));
      insist(node, () => import("./statistics.js"));
    };
    beside();
    this.on(panel, "change", beside);
    this.until(place.watch(() => this.#screen()));
  }

  #transcript() {
    return /** @type {import("./transcript.js").ChatTranscript | null} */ (
      this.querySelector("chat-transcript")
    );
  }

  #screen() {
    const { screen } = place.value;
    const { name, load } = SCREENS[screen];
    const main = this.find("main");
    if (main.firstElementChild?.localName === name) return;
    const node = document.createElement(name);
    main.replaceChildren(node);
    insist(node, load);
    this.dataset.screen = screen;
  }

  /**
   * On the phone the drawer lies over the rest, which is out of reach meanwhile; on the desktop it stands beside it.
   * @param {boolean} open
   */
  #drawer(open) {
    const over = open && !wide.matches;
    this.classList.toggle("drawer-open", open);
    this.find(".scrim").hidden = !over;
    this.find(".middle").inert = over;
    this.find("side-drawer").inert = wide.matches ? open : !open;
    this.find(".menu")?.setAttribute("aria-expanded", String(wide.matches ? !open : open));
    if (over) this.find("side-drawer .new").focus();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const prompt = this.find("chat-prompt");
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      this.#command(prompt);
      return;
    }
    if (event.key === "Escape") return this.#escape(prompt);
    const typing = /** @type {Element} */ (event.target).closest("input, textarea, select");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const goes = event.timeStamp - this.#going < NEXT_KEY;
    this.#going = event.key === "g" ? event.timeStamp : Number.NEGATIVE_INFINITY;
    if (goes && event.key === "u") place.screen("usage");
    else if (event.key === "/" && place.value.screen === "chat") prompt.reach();
    else if (event.key === "?") place.screen("help");
    else if (event.key === "j") this.#transcript()?.move(1);
    else if (event.key === "k") this.#transcript()?.move(-1);
    else return;
    event.preventDefault();
  }

  /** The palette, from wherever the person is. @param {import("./prompt.js").ChatPrompt} prompt */
  #command(prompt) {
    if (place.value.screen === "chat") return prompt.command("/");
    const stop = place.listen(() => {
      stop();
      prompt.command("/");
    });
    place.chat(conversation.id.value);
  }

  /** @param {import("./prompt.js").ChatPrompt} prompt */
  #escape(prompt) {
    if (this.classList.contains("drawer-open") && !wide.matches) this.#drawer(false);
    else if (place.value.screen !== "chat") place.chat(conversation.id.value);
    else if (notices.current.value) notices.dismiss();
    else if (conversation.running && document.activeElement !== prompt.area) prompt.stop();
  }
}

customElements.define("app-shell", AppShell);
