/** Starts the page: puts the parts together and shows the screen that the session asks for. */

import { keys } from "./actions/keys.js";
import { logout } from "./actions/logout.js";
import { theme } from "./actions/theme.js";
import { followViewport } from "./lib/viewport.js";
import { commands } from "./state/commands.js";
import { connection } from "./state/connection.js";
import { conversation } from "./state/conversation.js";
import { conversations } from "./state/conversations.js";
import { models } from "./state/models.js";
import { outbox } from "./state/outbox.js";
import { place } from "./state/place.js";
import { session } from "./state/session.js";
import { statistics } from "./state/statistics.js";
import { followOverlays } from "./ui/overlays.js";
import "./ui/login.js";
import "./ui/shell.js";

const AGAIN = 3000;

function show() {
  const { value } = session.status;
  if (value === "unreachable") return unreachable();
  if (value === "unknown") return;
  const name = { setup: "setup-screen", "signed-out": "login-screen", "signed-in": "app-shell" }[value];
  const wanted = value === "signed-in" && session.fresh.value ? "setup-screen" : name;
  if (wanted === "setup-screen") import("./ui/setup.js");
  document.body.replaceChildren(document.createElement(wanted));
  if (wanted === "app-shell") enter();
  else connection.close();
}

async function unreachable() {
  const text = document.createElement("p");
  text.className = "unreachable muted";
  text.textContent = "reconnecting…";
  document.body.replaceChildren(text);
  while (session.status.value === "unreachable") {
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
    if (!document.hidden) await session.load();
  }
}

/** Everything that the chat needs, at once; none of it waits for another. */
function enter() {
  const failed = () => {}; // the stream's own reconnect asks again
  models.load().catch(failed);
  conversations.load().catch(failed);
  statistics.load().catch(failed);
  commands.load().catch(failed);
  open(place.value.screen === "chat" ? place.value.conversation : null, true);
}

/** @param {string | null} id @param {boolean} [again] */
async function open(id, again = false) {
  if (id === conversation.id.value && !again) return;
  await conversation.open(id);
  if (id !== conversation.id.value) return;
  if (id) conversations.seen(id);
  connection.follow(id);
}

commands.provide({ keys, logout, theme });
followViewport();
followOverlays();
session.status.listen(show);
session.fresh.listen((fresh) => fresh || show());
place.listen(({ screen, conversation: id }) => {
  if (screen === "chat" && session.status.value === "signed-in") open(id);
});
outbox.made.listen((made) => {
  if (!made || conversation.id.value !== null) return;
  conversation.adopt(made.row);
  conversation.planned.value = {};
  place.becomes(made.row.id);
  connection.follow(made.row.id);
});
session.load();
