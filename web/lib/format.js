/** Numbers and names as the terminal writes them: `1.9M`, `$0.004`, `7.4 s`, `2 min`. */

const NANOS = 1e9;

/** @param {number} count */
export function tokens(count) {
  if (count < 1000) return String(Math.round(count));
  if (count < 999_500) return `${trim(count / 1000, count < 99_950 ? 1 : 0)}k`;
  return `${trim(count / 1e6, 1)}M`;
}

/** @param {number} value @param {number} digits */
const trim = (value, digits) => value.toFixed(digits).replace(/\.0+$/, "");

/**
 * Nano-dollars. Small sums keep as many digits as say something; nothing that cost anything is shown as $0.
 * @param {number | null | undefined} nanos null is an unknown price
 */
export function dollars(nanos) {
  if (nanos === null || nanos === undefined) return "$?";
  const value = nanos / NANOS;
  if (value === 0) return "$0.00";
  if (value < 0.0001) return "<$0.0001";
  if (value < 0.001) return `$${value.toFixed(4)}`;
  if (value < 0.1) return `$${value.toFixed(3)}`;
  if (value < 1000) return `$${value.toFixed(2)}`;
  return `$${trim(value / 1000, 1)}k`;
}

/**
 * What a set of calls cost: `~` when estimated, `$?` when nothing but unknown prices, `+?` when some were unknown.
 * @param {{cost_nanos: number, unknown: number, estimated: boolean, calls?: number} | null | undefined} figures
 * @param {number} [running] nano-dollars of what is running now
 */
export function cost(figures, running = 0) {
  const sum = (figures?.cost_nanos ?? 0) + running;
  if (figures?.unknown && !sum) return "$?";
  return `${sum && (figures?.estimated || running) ? "~" : ""}${dollars(sum)}${figures?.unknown ? "+?" : ""}`;
}

/** A price per million tokens. @param {number | null | undefined} nanos */
export function price(nanos) {
  if (nanos === null || nanos === undefined) return "$?";
  const value = nanos / NANOS;
  return `$${trim(value, value !== 0 && value < 0.1 ? 3 : 2)}`;
}

/** @param {number | null | undefined} milliseconds */
export function duration(milliseconds) {
  const seconds = (milliseconds ?? 0) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 99.5) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** How long ago, from an ISO time. @param {string | null | undefined} time */
export function ago(time) {
  const seconds = Math.max(0, (Date.now() - Date.parse(time ?? "")) / 1000);
  if (!Number.isFinite(seconds) || seconds < 60) return "now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  if (seconds < 86_400 * 30) return `${Math.floor(seconds / 86_400)} d`;
  return day(time ?? "");
}

/** @param {string} time */
export const day = (time) =>
  new Date(time)
    .toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" })
    .toLowerCase();

/** The heading a conversation stands under. @param {string} time */
export function dayGroup(time) {
  const midnight = new Date().setHours(0, 0, 0, 0);
  const age = midnight - Date.parse(time);
  if (age <= 0) return "today";
  if (age <= 86_400_000) return "yesterday";
  if (age <= 6 * 86_400_000) return "this week";
  return new Date(time).toLocaleDateString("en", { month: "long", year: "numeric" }).toLowerCase();
}

/**
 * A model's id as short as it stays clear: `claude-sonnet-4-5-20250929` → `sonnet-4.5`.
 * @param {string | null | undefined} id
 */
export function modelName(id) {
  if (id?.startsWith("auto")) return id;
  const name = (id ?? "").split("/").pop() ?? "";
  const short = name.replace(/-(\d{8}|\d{4}-\d{2}-\d{2})$/, "").replace(/:latest$/, "");
  return short.replace(/^claude-/, "").replace(/-(\d)-(\d{1,2})$/, "-$1.$2") || "no model";
}

/** How a share of what there is looks once most of it is gone. @param {number} share @returns {[glyph: string, colour: string] | null} */
export const alarming = (share) => (share >= 0.95 ? ["■", "red"] : share >= 0.8 ? ["▲", "yellow"] : null);

/** Eight heights of a bar for a share of 0 to 1. @param {number} share */
export const bar = (share) => "▁▂▃▄▅▆▇█"[Math.min(7, Math.max(0, Math.floor(share * 8)))];

/** @param {number} count @param {string} noun */
export const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
