/** Gives a finished file to the person: the share sheet where downloads do not work, else a download. */

import { isApplePhone } from "./device.js";

/** Whether a file goes through the share sheet, which opens only right after a tap. */
export const shares = isApplePhone && "canShare" in navigator;

/** @param {Blob} blob @param {string} name */
export async function save(blob, name) {
  const file = new File([blob], name, { type: blob.type });
  if (shares && navigator.canShare({ files: [file] })) {
    try {
      await navigator.share({ files: [file] });
      return;
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
    }
  }
  const url = URL.createObjectURL(blob);
  follow(url, name);
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** @param {string} url @param {string} name what the server says wins */
export function follow(url, name) {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}
