/** Taking conversations away and bringing others along: exports, PDFs that are being made, imports and their progress. */

import { fetched } from "../lib/download.js";
import { AppError, get, post } from "../lib/request.js";
import { Signal } from "../lib/signal.js";
import { upload } from "../lib/upload.js";
import { conversations } from "./conversations.js";

const AGAIN = 400;
const PATIENCE = 100;

/**
 * @typedef {"json" | "markdown" | "pdf"} Format
 * @typedef {{blob: Blob, name: string, missing: string[]}} Finished
 * @typedef {{id: string, state: string, done: number, size: number, error: string | null, conversations: number,
 *   report: {source?: string, conversations?: number, messages?: number, files?: number, already?: number,
 *   left_out?: {what: string, count: number}[]}}} Import
 */

class Archive {
  /** The import of this page: how it stands, or `sending` with the part that has arrived. @type {Signal<Partial<Import> | null>} */
  import = new Signal(/** @type {Partial<Import> | null} */ (null));

  /**
   * A conversation as a file, up to `leaf` where one is given.
   * @param {string} id
   * @param {Format} format
   * @param {string | null} leaf
   * @param {(percent: number) => void} progress
   * @returns {Promise<Finished>}
   */
  async take(id, format, leaf, progress) {
    const query = leaf ? `leaf=${encodeURIComponent(leaf)}` : "";
    if (format !== "pdf")
      return { ...(await fetched(`/api/export/${id}?format=${format}&${query}`)), missing: [] };
    const { id: paper } = await post(`/api/export/${id}/pdf?${query}`);
    const ended = await until(`/api/pdf/${paper}`, ({ done, size }) =>
      progress(size ? (100 * done) / size : 0),
    );
    if (ended.state === "failed") throw new AppError(ended.error);
    return { ...(await fetched(`/api/pdf/${paper}/file`)), missing: ended.missing };
  }

  /** Everything, for devices that cannot simply download. @returns {Promise<Finished>} */
  async takeAll() {
    return { ...(await fetched("/api/export")), missing: [] };
  }

  /** @param {File} file */
  async bring(file) {
    this.import.value = { state: "sending", done: 0, size: 100 };
    try {
      const path = `/api/import?name=${encodeURIComponent(file.name)}`;
      const started = await upload(path, file, (part) => {
        this.import.value = { state: "sending", done: Math.round(part * 100), size: 100 };
      });
      this.import.value = await until(`/api/import/${started.id}`, (now) => {
        this.import.value = now;
      });
      await conversations.load();
    } catch (error) {
      this.import.value = { state: "failed", error: error instanceof Error ? error.message : "" };
    }
  }
}

/**
 * Looks again and again until it has ended; a line that is away for a moment is no end.
 * @param {string} path
 * @param {(now: any) => void} tell
 */
async function until(path, tell) {
  for (let failures = 0; ; ) {
    try {
      const now = await get(path);
      failures = 0;
      tell(now);
      if (now.state === "done" || now.state === "failed") return now;
    } catch (error) {
      if (!(error instanceof AppError && error.temporary) || ++failures > PATIENCE) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
  }
}

export const archive = new Archive();
