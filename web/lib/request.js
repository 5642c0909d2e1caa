/** The one way to the server's JSON: CSRF, time limits, and errors as `AppError`. */

const TIMEOUT = 20_000;

/** What went wrong, in the server's words; `status` 0 means that no answer came. */
export class AppError extends Error {
  /**
   * @param {string} message
   * @param {{code?: string, status?: number, detail?: any}} [more]
   */
  constructor(message, { code = "error", status = 0, detail = {} } = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.detail = detail;
  }

  /** Whether the same request may succeed later. */
  get temporary() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

const state = {
  csrf: "",
  device: "",
  lost: /** @type {(error: AppError) => void} */ (() => {}),
  renew: async () => false,
};

/**
 * What every later request carries.
 * @param {{csrf?: string, device?: string, lost?: (error: AppError) => void, renew?: () => Promise<boolean>}} values
 *   `lost` hears of every 401; `renew` asks for the token of this session anew and tells whether it is the same person's
 */
export const configure = (values) => void Object.assign(state, values);

/** Headers that say who asks. @returns {Record<string, string>} */
export const identity = () => (state.device ? { "X-Device": state.device } : {});

/** Headers of a call that changes something. */
export async function credentials() {
  if (!state.csrf) await state.renew();
  return { ...identity(), "X-CSRF-Token": state.csrf };
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body] sent as JSON
 * @param {{timeout?: number, keepalive?: boolean}} [options] milliseconds
 * @returns {Promise<any>} the answer's JSON, null when it has none
 */
export async function request(method, path, body, options = {}) {
  const unsafe = method !== "GET";
  if (unsafe && !state.csrf) await state.renew();
  try {
    return await ask(method, path, body, options);
  } catch (error) {
    const stale = unsafe && error instanceof AppError && error.code === "csrf";
    if (!stale || !(await state.renew())) throw error;
    return ask(method, path, body, options);
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} body
 * @param {{timeout?: number, keepalive?: boolean}} options
 */
async function ask(method, path, body, { timeout = TIMEOUT, keepalive = false }) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", ...identity() };
  if (method !== "GET") headers["X-CSRF-Token"] = state.csrf;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), timeout);
  let response;
  let answer = null;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: limit.signal,
      credentials: "same-origin",
      cache: "no-store",
      keepalive,
    });
    const text = await response.text();
    if (text && response.headers.get("Content-Type")?.includes("json")) answer = JSON.parse(text);
  } catch {
    const message = limit.signal.aborted
      ? "the server did not answer in time"
      : "the server cannot be reached";
    throw new AppError(message, { code: "unreachable" });
  } finally {
    clearTimeout(timer);
  }
  if (response.ok) return answer;
  const detail = answer?.error ?? {};
  const error = new AppError(detail.message ?? `the server answered ${response.status}`, {
    code: detail.code,
    status: response.status,
    detail,
  });
  if (response.status === 401) state.lost(error);
  throw error;
}

/** @param {string} path */
export const get = (path) => request("GET", path);
/** @param {string} path @param {unknown} [body] */
export const post = (path, body = {}) => request("POST", path, body);
/** @param {string} path @param {unknown} body */
export const patch = (path, body) => request("PATCH", path, body);
/** @param {string} path */
export const remove = (path) => request("DELETE", path);
