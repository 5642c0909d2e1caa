/** The one way to the server's JSON: CSRF, time limits, and errors as `AppError`. */

const TIMEOUT = 20_000;
const ASKING = /^\/api\/(commands|conversations|messages|models|settings\/api-keys\/device)/;

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

  /** Whether it was not our server that refused: a proxy whose server restarts says `not found` too. */
  get #isForeign() {
    return this.code === "error" && (this.status === 403 || this.status === 404);
  }

  /** Whether it says nothing about what was sent: later, or signed in again, the same may be taken. */
  get passing() {
    return this.temporary || this.status === 401 || this.code === "csrf" || this.#isForeign;
  }
}

const state = {
  csrf: "",
  device: "",
  carried: /** @type {Record<string, string> | null} */ (null),
  lost: /** @type {(error: AppError) => void} */ (() => {}),
  renew: async () => false,
};

/**
 * What every later request carries.
 * @param {{csrf?: string, device?: string, carried?: Record<string, string> | null, lost?: (error: AppError) => void, renew?: () => Promise<boolean>}} values
 *   `carried`: the provider keys of this device, for what may ask a model; `lost` hears of every 401 and of a locked
 *   server; `renew` asks for the token of this session anew and tells whether it is the same person's
 */
export const configure = (values) => void Object.assign(state, values);

/** Headers that say who asks. @returns {Record<string, string>} */
export const identity = () => (state.device ? { "X-Device": state.device } : {});

/**
 * A call that changes something: it gets its headers, and is made once more where the token was an old one.
 * @template T @param {(headers: Record<string, string>) => Promise<T>} call
 */
export async function changing(call) {
  const headers = () => ({ ...identity(), "X-CSRF-Token": state.csrf });
  if (!state.csrf) await state.renew();
  try {
    return await call(headers());
  } catch (error) {
    const stale = error instanceof AppError && error.code === "csrf";
    if (!stale || !(await state.renew())) throw error;
    return call(headers());
  }
}

/** The error that an answer tells. @param {number} status @param {any} answer its JSON, null when it has none */
export function refused(status, answer) {
  const detail = answer?.error ?? {};
  const error = new AppError(detail.message ?? `the server answered ${status}`, {
    code: detail.code,
    status,
    detail,
  });
  if (status === 401 || error.code === "locked") state.lost(error);
  return error;
}

/** No answer came. @param {string} [message] */
export const unreachable = (message = "the server cannot be reached") =>
  new AppError(message, { code: "unreachable" });

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body] sent as JSON
 * @returns {Promise<any>} the answer's JSON, null when it has none
 */
export function request(method, path, body) {
  if (method === "GET") return ask(method, path, body, identity());
  return changing((headers) => ask(method, path, body, headers));
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} body
 * @param {Record<string, string>} who
 */
async function ask(method, path, body, who) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", ...who };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (state.carried && ASKING.test(path)) headers["X-Provider-Keys"] = JSON.stringify(state.carried);
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), TIMEOUT);
  let response;
  let answer = null;
  let text = "";
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: limit.signal,
      credentials: "same-origin",
      cache: "no-store",
    });
    text = await response.text();
    if (text && response.headers.get("Content-Type")?.includes("json")) answer = JSON.parse(text);
  } catch {
    throw unreachable(limit.signal.aborted ? "the server did not answer in time" : undefined);
  } finally {
    clearTimeout(timer);
  }
  // A sign-in page of the network that we are in is no answer.
  if (response.ok && text && answer === null) throw unreachable("something else answered for the server");
  if (response.ok) return answer;
  throw refused(response.status, answer);
}

/** @param {string} path */
export const get = (path) => request("GET", path);
/** @param {string} path @param {unknown} [body] */
export const post = (path, body = {}) => request("POST", path, body);
/** @param {string} path @param {unknown} body */
export const patch = (path, body) => request("PATCH", path, body);
/** @param {string} path */
export const remove = (path) => request("DELETE", path);
