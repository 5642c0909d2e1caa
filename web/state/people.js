/** The people of this server, as an admin manages them: accounts, one-time links, invitations. */

import { get, patch, post, remove } from "../lib/request.js";
import { Signal } from "../lib/signal.js";
import { notices } from "./notices.js";

/**
 * @typedef {{id: string, username: string, role: "admin" | "member", state: "active" | "disabled", models: string[],
 *   own_keys: "server" | "yes" | "no", created_at: string, last_login_at: string | null, legacy: boolean,
 *   you: boolean}} Person
 * @typedef {{id: string, role: "admin" | "member", created_at: string, expires_at: string}} Invitation
 * @typedef {{role?: Person["role"], models?: string[], own_keys?: Person["own_keys"], disabled?: boolean}} Change
 * @typedef {{about: string, url: string, code?: string, expires_at: string}} Link
 */

class People {
  /** null: not asked for yet. */
  list = new Signal(/** @type {Person[] | null} */ (null));
  invitations = new Signal(/** @type {Invitation[]} */ ([]));
  /** The last link that was made, for as long as the page is open: nobody can see it again. */
  made = new Signal(/** @type {Link | null} */ (null));
  /** What the server's settings say: whether people may register, and use keys of their own. */
  settings = { registration: false, own_keys: true };

  async load() {
    const [{ users, ...settings }, { invitations }] = await Promise.all([
      get("/api/users"),
      get("/api/invitations"),
    ]);
    this.settings = settings;
    this.invitations.value = invitations;
    this.list.value = users;
  }

  /** Makes an account, and the link with which its password is chosen. @param {{username: string} & Change} values */
  async create(values) {
    const user = await post("/api/users", values);
    // The account is there now: what fails after this is no reason to send the form again.
    await this.link(user).catch((error) => notices.fail(error));
    await this.load().catch((error) => notices.fail(error));
  }

  /** @param {string} id @param {Change} change */
  async change(id, change) {
    await patch(`/api/users/${id}`, change);
    await this.load();
  }

  /** @param {string} id */
  async delete(id) {
    await remove(`/api/users/${id}`);
    await this.load();
  }

  /** @param {{id: string, username: string}} user */
  async link({ id, username }) {
    const link = await post(`/api/users/${id}/link`);
    this.made.value = { about: `a password for ${username}`, ...link };
  }

  /** @param {{role: Person["role"], days: number}} values */
  async invite(values) {
    const { url, code, expires_at } = await post("/api/invitations", values);
    this.made.value = {
      about: `an invitation for ${values.role === "admin" ? "an admin" : "a member"}`,
      url,
      code,
      expires_at,
    };
    await this.load();
  }

  /** @param {string} id */
  async withdraw(id) {
    await remove(`/api/invitations/${id}`);
    await this.load();
  }
}

export const people = new People();
