/** A message as the server tells it. */

/**
 * @typedef {{id: string, conversation_id: string, parent_id: string | null, role: "user" | "assistant" | "notice",
 *   status: "pending" | "streaming" | "done" | "stopped" | "failed" | "interrupted", text: string, reasoning: string,
 *   html: string | null, model: string | null, client_id: string | null, favorite: boolean, revision: number, created_at: string,
 *   finished_at: string | null, finish_reason: string | null,
 *   error: {code: string, message: string, action?: string | null} | null, notes: string[] | null,
 *   continues_id: string | null, reasoning_ms: number | null, first_token_ms: number | null, duration_ms: number | null,
 *   usage: import("./statistics.js").Figures | null, cost_nanos: number | null, cost_state: string | null,
 *   siblings: {ids: string[], index: number} | null, queued: boolean, attachments?: import("./files.js").Attachment[],
 *   image?: {prompt: string, size: string | null, quality: string | null}, comparison: string | null,
 *   sources: {id: string, model: string}[] | null,
 *   route: {asked: string, picked: string, reason: string, tried: {model: string, error: string}[]} | null}} Message
 */

/** @param {Message | undefined} message */
export const isRunning = (message) => message?.status === "pending" || message?.status === "streaming";
