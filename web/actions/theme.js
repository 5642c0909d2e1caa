/** `/theme [auto|night|day]`: without a word, the next one. */

import { notices } from "../state/notices.js";
import { theme as current, THEMES } from "../state/theme.js";

/** @param {string} argument */
export async function theme(argument) {
  const wanted = THEMES.find((name) => name === argument);
  if (argument && !wanted) throw new Error(`theme is one of ${THEMES.join(", ")}`);
  const before = current.value;
  const choice = wanted ?? THEMES[(THEMES.indexOf(before) + 1) % THEMES.length];
  await current.choose(choice);
  notices.say(`theme: ${choice}`, "ok", { label: "undo", run: () => current.choose(before) });
}
