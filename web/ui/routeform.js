/** The form of one rule: what a prompt has to be like, and which models answer then. */

import { element } from "../lib/html.js";
import { models } from "../state/models.js";

/** @typedef {import("./routesettings.js").Rule} Rule */

const LANGUAGES = [
  "ar",
  "de",
  "el",
  "en",
  "es",
  "fr",
  "he",
  "hi",
  "it",
  "ja",
  "ko",
  "nl",
  "pl",
  "pt",
  "ru",
  "th",
  "zh",
];
const YES = { "": "any", yes: "yes", no: "no" };

/**
 * @param {Rule | null} rule null is a new one
 * @param {(rule: Rule) => void} save
 * @param {() => void} cancel
 */
export function routeForm(rule, save, cancel) {
  const when = rule?.when ?? {};
  const form = /** @type {HTMLFormElement} */ (
    element`<form class="form" aria-label="rule">
    <label class="pair"><span>has a picture</span><select name="has_image"></select></label>
    <label class="pair"><span>about code</span><select name="code"></select></label>
    <label class="pair"><span>language</span><select name="language"></select></label>
    <label class="field">longer than (characters)
      <input name="longer_than" type="number" min="1" max="1000000" inputmode="numeric" value="${when.longer_than ?? ""}"></label>
    <label class="field">tag of the conversation <input name="tag" maxlength="100" autocapitalize="none" value="${when.tag ?? ""}"></label>
    <label class="pair"><span>then</span><select name="model" required></select></label>
    <label class="pair"><span>if it fails</span><select name="first"></select></label>
    <label class="pair"><span>and then</span><select name="second"></select></label>
    <p class="buttons"><button class="act">save rule</button> <button type="button" class="act cancel">cancel</button></p></form>`
  );
  const field = (/** @type {string} */ name) =>
    /** @type {HTMLSelectElement} */ (form.elements.namedItem(name));
  const fill = (
    /** @type {string} */ name,
    /** @type {Record<string, string>} */ options,
    /** @type {string | undefined} */ value,
  ) => {
    for (const [key, label] of Object.entries(options)) field(name).append(new Option(label, key));
    if (value && !(value in options)) field(name).append(new Option(`${value} (not listed now)`, value));
    field(name).value = value ?? "";
  };
  const listed = Object.fromEntries(models.listing.value.models.map(({ id }) => [id, id]));
  fill("has_image", YES, choice(when.has_image));
  fill("code", YES, choice(when.code));
  fill(
    "language",
    { "": "any", ...Object.fromEntries(LANGUAGES.map((code) => [code, code])) },
    when.language ?? "",
  );
  fill("model", listed, rule?.model ?? Object.keys(listed)[0]);
  fill("first", { "": "none", ...listed }, rule?.fallbacks?.[0]);
  fill("second", { "": "none", ...listed }, rule?.fallbacks?.[1]);
  form.querySelector(".cancel")?.addEventListener("click", cancel);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const value = (/** @type {string} */ name) => field(name).value.trim();
    const truth = (/** @type {string} */ name) => (value(name) ? value(name) === "yes" : null);
    const fallbacks = [value("first"), value("second"), ...(rule?.fallbacks?.slice(2) ?? [])].filter(Boolean);
    save({
      when: {
        has_image: truth("has_image"),
        longer_than: Number(value("longer_than")) || null,
        language: value("language") || null,
        code: truth("code"),
        tag: value("tag") || null,
      },
      model: value("model"),
      fallbacks,
    });
  });
  return form;
}

/** @param {boolean | null | undefined} value */
const choice = (value) => (value === true ? "yes" : value === false ? "no" : "");
