/** Sends one file and tells how far it is; `fetch` cannot tell that. */

import { changing, refused, unreachable } from "./request.js";

const SILENCE = 30_000;

/**
 * @param {string} path
 * @param {Blob} blob
 * @param {(part: number) => void} progress from 0 to 1
 * @returns {Promise<any>} the answer's JSON; rejects with an AppError, also when nothing moves for 30 seconds
 */
export const upload = (path, blob, progress) => changing((headers) => send(path, blob, progress, headers));

/**
 * @param {string} path
 * @param {Blob} blob
 * @param {(part: number) => void} progress
 * @param {Record<string, string>} headers
 */
function send(path, blob, progress, headers) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    let silence = setTimeout(() => call.abort(), SILENCE);
    call.open("POST", path);
    for (const [name, value] of Object.entries(headers)) call.setRequestHeader(name, value);
    call.setRequestHeader("Content-Type", "application/octet-stream");
    call.responseType = "json";
    call.upload.onprogress = ({ loaded, total }) => {
      clearTimeout(silence);
      silence = setTimeout(() => call.abort(), SILENCE);
      progress(total ? loaded / total : 0);
    };
    call.onload = () => {
      if (call.status >= 200 && call.status < 300 && call.response) resolve(call.response);
      else reject(refused(call.status, call.response));
    };
    call.onerror = () => reject(unreachable());
    call.onabort = () => reject(unreachable("the server did not answer in time"));
    call.onloadend = () => clearTimeout(silence);
    call.send(blob);
  });
}
