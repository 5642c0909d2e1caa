/** A picture at its full size, and what can be done with it. */

import { size } from "../lib/bytes.js";
import { html } from "../lib/html.js";
import { icon } from "../lib/icons.js";
import { follow } from "../lib/save.js";
import { style } from "../lib/style.js";
import { commands } from "../state/commands.js";
import { item } from "./sheet.js";

/** @param {{attachment: import("../state/files.js").Attachment, message: string}} about */
export function pictureViewer({ attachment, message }) {
  style(import.meta.resolve("./attached.css"));
  const { id, name, width, height, size: bytes } = attachment;
  const image = document.createElement("img");
  image.src = `/api/attachments/${id}`;
  image.alt = name;
  image.width = width ?? 1;
  image.height = height ?? 1;
  return html`<div class="viewer"><p class="meta muted">${name} · ${width}×${height} · ${size(bytes)}</p>${image}</div>
    ${item(icon("edit"), "change it", "/image", () => commands.write(`/image --edit ${message} `))}
    ${item(icon("copy"), "download", "", () => follow(`/api/attachments/${id}?save=1`, name))}`;
}
