/** The files of a message: pictures in boxes that are there before they are, everything else as a row with its name. */

import { size } from "../lib/bytes.js";
import { element } from "../lib/html.js";
import { icon } from "../lib/icons.js";
import { style } from "../lib/style.js";
import { isRunning } from "../state/message.js";
import { place } from "../state/place.js";
import "./spinner.js";

await style(import.meta.resolve("./attached.css"));

/** @typedef {import("../state/files.js").Attachment} Attachment */
/** @typedef {import("../state/message.js").Message} Message */

const THUMB = 128;
const WIDEST = 260;
const LARGE = 512;

/** What each message shows already. @type {WeakMap<Element, string>} */
const shown = new WeakMap();

/**
 * Brings a message's files up to its row; cheap when nothing changed.
 * @param {HTMLElement} message
 * @param {Message} row
 * @param {{state?: string, preview?: number}} [activity]
 */
export function drawFiles(message, row, activity) {
  const drawing = Boolean(row.image) && isRunning(row);
  const key = JSON.stringify([row.attachments?.map(({ id }) => id), drawing, drawing && activity?.preview]);
  const there = message.querySelector(":scope > .files");
  if (there && shown.get(there) === key) return;
  const made = row.role === "assistant";
  const list = (row.attachments ?? []).map((one) => (one.width ? picture(one, row, made) : file(one)));
  const files = element`<div class="files"></div>`;
  files.append(...list, ...(drawing ? [sketch(row, activity?.preview)] : []));
  shown.set(files, key);
  if (there) there.replaceWith(files);
  else message.insertBefore(files, message.querySelector(":scope > .foot"));
}

/** @param {Attachment} attachment @param {Message} row @param {boolean} made by the model, shown large */
function picture(attachment, row, made) {
  const { id, name, width = 1, height = 1 } = attachment;
  const button = element`<button type="button" class="picture" aria-label="open ${name}"></button>`;
  const image = document.createElement("img");
  const wide = made ? Math.min(LARGE, width) : Math.min(WIDEST, Math.round((THUMB * width) / height));
  image.width = width;
  image.height = height;
  button.style.width = `${Math.max(44, wide)}px`;
  button.style.aspectRatio = made ? `${width} / ${height}` : `${Math.max(44, wide)} / ${THUMB}`;
  image.alt = name;
  image.decoding = "async";
  image.src = `/api/attachments/${id}${made ? "" : "?thumb=1"}`;
  button.append(image);
  button.addEventListener("click", () => place.open("picture", { attachment, message: row.id }));
  return button;
}

/** @param {Attachment} attachment */
function file({ id, name, size: bytes }) {
  return element`<a class="file" href="/api/attachments/${id}?save=1" download="${name}">${icon("text")}<span>${name}</span>
    <span class="muted">${size(bytes)}</span></a>`;
}

/** The box of a picture that is being made, with as much of it as there is. @param {Message} row @param {number} [preview] */
function sketch(row, preview) {
  const [width, height] = /^(\d+)x(\d+)$/
    .exec(row.image?.size ?? "")
    ?.slice(1)
    .map(Number) ?? [1, 1];
  const box = element`<div class="sketch"><p class="muted"><busy-spinner class="yellow"></busy-spinner> drawing</p></div>`;
  box.style.width = `${Math.min(LARGE, width > 1 ? width : LARGE)}px`;
  box.style.aspectRatio = `${width} / ${height}`;
  if (preview) {
    const image = document.createElement("img");
    image.alt = "the picture so far";
    image.src = `/api/messages/${row.id}/preview?n=${preview}`;
    box.prepend(image);
  }
  return box;
}
