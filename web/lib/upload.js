/** Sends one file and tells how far it is; `fetch` cannot tell that. */

import { AppError, credentials } from "./request.js";

/**
 * @param {string} path
 * @param {Blob} blob
 * @param {(part: number) => void} progress from 0 to 1
 * @returns {Promise<any>} the answer's JSON; rejects with an AppError
 */
export async function upload(path, blob, progress) {
  const headers = await credentials();
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("POST", path);
    for (const [name, value] of Object.entries(headers)) call.setRequestHeader(name, value);
    call.setRequestHeader("Content-Type", "application/octet-stream");
    call.responseType = "json";
    call.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 0);
    call.onload = () => {
      if (call.status >= 200 && call.status < 300 && call.response) return resolve(call.response);
      const detail = call.response?.error ?? {};
      const message = detail.message ?? `the server answered ${call.status}`;
      reject(new AppError(message, { code: detail.code, status: call.status, detail }));
    };
    call.onerror = call.ontimeout = () =>
      reject(new AppError("the server cannot be reached", { code: "unreachable" }));
    call.send(blob);
  });
}
