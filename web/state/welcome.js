/** What a one-time link opens. Its secret stands after the `#`, so that it is in no log and in no Referer. */

import { post } from "../lib/request.js";
import { decoded } from "./place.js";

/** @typedef {{kind: "password" | "register", username: string | null, expires_at: string}} Offer */

/** The secret in the address; empty where somebody came to type a code. */
export const secret = () => decoded(location.hash.replace(/^#\/welcome\/?/, "").replace(/\/$/, ""));

/** What it is for. @param {string} token @returns {Promise<Offer>} */
export const look = (token) => post("/api/welcome", { token });

/** @param {string} token @param {string} password */
export const choosePassword = (token, password) => post("/api/welcome/password", { token, password });

/** @param {string} code @param {string} username @param {string} password */
export const register = (code, username, password) =>
  post("/api/auth/register", { code, username, password });

/** To the empty chat, with everything that the page knew of somebody else forgotten. */
export function begin() {
  history.replaceState(null, "", "/#/");
  location.reload();
}
