/** Texts that stand one after the other in the prompt: put together, and taken apart again. Pure. */

/** @param {...string} texts */
export const join = (...texts) => texts.filter(Boolean).join("\n\n");

/** What is left of a text that was joined once one of its parts is gone. @param {string} whole @param {string} part */
export function apart(whole, part) {
  const at = part ? `\n\n${whole}\n\n`.lastIndexOf(`\n\n${part}\n\n`) : -1;
  if (at < 0) return whole;
  return join(whole.slice(0, Math.max(0, at - 2)), whole.slice(at + part.length + 2));
}
