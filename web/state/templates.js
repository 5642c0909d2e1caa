/** The person's templates and the built-in ones: kept on the server, used at the prompt. */

import { get, patch, post, remove } from "../lib/request.js";
import { Signal } from "../lib/signal.js";
import { uuid } from "../lib/uuid.js";
import { commands } from "./commands.js";
import { conversation } from "./conversation.js";
import { place } from "./place.js";

/**
 * @typedef {{id: string, name: string, description: string, text: string, variables: string[], built_in: boolean,
 *   updated_at: string | null}} Template
 * @typedef {{name: string, description: string, text: string}} Content
 */

class Templates {
  /** @type {Signal<Template[]>} */
  list = new Signal(/** @type {Template[]} */ ([]));

  async load() {
    this.list.value = (await get("/api/templates")).templates;
  }

  /** @param {string} id @returns {Promise<Template | undefined>} */
  async find(id) {
    if (!this.list.value.some((one) => one.id === id)) await this.load();
    return this.list.value.find((one) => one.id === id);
  }

  /** @param {Content} content @param {string} [client_id] the same one again makes no second template */
  async create(content, client_id = uuid()) {
    const made = await post("/api/templates", { ...content, client_id });
    await this.load();
    return /** @type {Template} */ (made);
  }

  /** @param {string} id @param {Partial<Content>} changes */
  async change(id, changes) {
    await patch(`/api/templates/${id}`, changes);
    await this.load();
  }

  /** @param {string} id */
  async delete(id) {
    await remove(`/api/templates/${id}`);
    await this.load();
  }

  /** @param {string} id */
  async restore(id) {
    await post(`/api/templates/${id}/restore`);
    await this.load();
  }

  /**
   * Puts the text into the prompt, its variables filled in. Throws what is wrong with a value.
   * @param {Template} template
   * @param {Record<string, string>} values
   */
  async use({ id, text, variables }, values = {}) {
    const filled = variables.length
      ? (await post(`/api/templates/${encodeURIComponent(id)}/fill`, { values })).text
      : text;
    const write = () => commands.write(filled);
    if (place.value.screen === "chat") return write();
    const stop = place.listen(() => {
      stop();
      write();
    });
    place.chat(conversation.id.value);
  }

  /** @param {string} content of a file @returns {Promise<{added: number, unchanged: number, renamed: string[]}>} */
  async take(content) {
    const taken = await post("/api/templates/import", { content });
    await this.load();
    return taken;
  }
}

export const templates = new Templates();
