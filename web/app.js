/** Starts the page: puts the parts together and shows the screen that the session asks for. */

import { insist } from "./lib/later.js";
import { durable, own, read } from "./lib/storage.js";
import { followViewport } from "./lib/viewport.js";
import { commands } from "./state/commands.js";
import { connection } from "./state/connection.js";
import { conversation } from "./state/conversation.js";
import { conversations } from "./state/conversations.js";
import { drafts } from "./state/drafts.js";
import { history } from "./state/history.js";
import { models } from "./state/models.js";
import { notices } from "./state/notices.js";
import { outbox } from "./state/outbox.js";
import { place } from "./state/place.js";
import { handOver, keepPlanned } from "./state/planned.js";
import { session } from "./state/session.js";
import { giveShared, takeShared } from "./state/shared.js";
import { statistics } from "./state/statistics.js";
import { updates } from "./state/updates.js";
import { followOverlays } from "./ui/overlays.js";
import "./ui/login.js";
import "./ui/shell.js";

const AGAIN = 3000;

/** The screens before the chat that few see. @type {Record<string, () => Promise<any>>} */
const SELDOM = {
  "setup-screen": () => import("./ui/setup.js"),
  "unlock-screen": () => import("./ui/unlock.js"),
  "welcome-screen": () => import("./ui/welcome.js"),
};

/** Whether something that the chat needs is still to be asked for. */
let isIncomplete = false;

function show() {
  if (location.hash.startsWith("#/welcome/")) return welcome();
  const { value } = session.status;
  if (value === "unreachable") return unreachable();
  if (value === "unknown") return;
  const name = {
    locked: "unlock-screen",
    setup: "setup-screen",
    "signed-out": "login-screen",
    "signed-in": "app-shell",
  }[value];
  const wanted = value === "signed-in" && session.fresh.value ? "setup-screen" : name;
  place.close(); // a sheet would go with the rest, and still count as open
  shows(wanted);
  if (wanted === "app-shell") enter();
  else connection.close();
}

/** A one-time link goes before everything else, whoever is signed in. */
function welcome() {
  if (document.body.firstElementChild?.localName === "welcome-screen") return;
  connection.close();
  shows("welcome-screen");
}

/** @param {string} screen */
function shows(screen) {
  const node = document.createElement(screen);
  document.body.replaceChildren(node);
  if (SELDOM[screen]) insist(node, SELDOM[screen]);
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

function enter() {
  history.restore();
  arrive(true);
  giveShared();
  load();
}

/** Everything that the chat needs, at once; none of it waits for another. */
function load() {
  isIncomplete = false;
  for (const part of [models, conversations, statistics, commands]) ask(part);
  if (read(own("push"), null)) import("./state/push.js").then(({ push }) => push.repair()).catch(() => {});
}

/**
 * What could not be fetched is asked for again: when the line is back, or after a while if it never was lost.
 * @param {{load: () => Promise<unknown>}} part
 */
async function ask(part, wait = AGAIN) {
  try {
    await part.load();
  } catch {
    isIncomplete = true;
    setTimeout(() => isIncomplete && connection.status.value === "live" && ask(part, wait * 2), wait);
  }
}

/** Where the address says, down to the message. @param {boolean} [again] */
async function arrive(again) {
  const { conversation: id, message } = place.value;
  await open(id, again);
  if (!message || place.value.message !== message) return;
  const { jump } = await import("./ui/jump.js");
  await jump(message).catch((error) => notices.fail(error));
}

/** @param {string | null} id @param {boolean} [again] */
async function open(id, again = false) {
  if (id === conversation.id.value && !again) return;
  await conversation.open(id, id ? history.page(id) : undefined);
  if (id !== conversation.id.value) return;
  if (id) conversations.seen(id);
  connection.follow(id);
}

/**
 * The new chat becomes a conversation.
 * @param {import("./state/conversations.js").Conversation} row
 * @param {boolean} [byCommand] not by a message
 */
function begin(row, byCommand) {
  handOver(row, byCommand);
  if (conversation.id.value !== null) return;
  conversation.adopt(row);
  place.becomes(row.id);
  connection.follow(row.id);
}

/** What lies over the chat stays when its conversation is gone; below it a new chat begins. @param {string} id */
async function leave(id) {
  await null; // whoever told it has said all
  if (id === conversation.id.value && place.value.screen !== "chat") open(null);
}

followViewport();
followOverlays();
keepPlanned();
takeShared();
session.status.watch(show);
session.fresh.listen((fresh) => fresh || show());
place.listen(({ screen }) => {
  if (location.hash.startsWith("#/welcome/")) return welcome();
  if (document.body.firstElementChild?.localName === "welcome-screen") return show();
  if (screen === "chat" && session.status.value === "signed-in") arrive();
});
outbox.made.listen((made) => made && begin(made.row));
commands.made.listen((row) => row && begin(row, true));
conversations.dropped.listen(leave);
connection.returned.listen(() => {
  session.confirm();
  if (isIncomplete) load();
});
durable.watch((isDurable) => {
  if (!isDurable) notices.say("this browser stores nothing now: what you type is only in this page", "warn");
});
navigator.serviceWorker?.addEventListener("message", ({ data }) => {
  if (data?.type === "open") location.hash = new URL(data.url, location.href).hash;
});
addEventListener("beforeunload", (event) => {
  if (!durable.value && (drafts.any || outbox.entries.value.length)) event.preventDefault();
});
session.load();
updates.start();
