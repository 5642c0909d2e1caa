/**
 * Markup to nodes. Values are escaped or inserted as nodes; the only HTML taken as it comes is what our server rendered.
 */

/** @type {Record<string, string>} */
const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** @param {unknown} value */
const escaped = (value) => String(value).replace(/[&<>"']/g, (character) => ESCAPES[character]);

/** @param {string} markup */
function parse(markup) {
  const template = document.createElement("template");
  template.innerHTML = markup;
  return template.content;
}

/**
 * A document fragment from a template: strings are escaped; null, undefined and false are nothing;
 * nodes and arrays of nodes take their place (between tags only).
 * @param {TemplateStringsArray} strings
 * @param {...unknown} values
 */
export function html(strings, ...values) {
  /** @type {Node[][]} */
  const slots = [];
  const markup = strings.reduce((before, after, index) => {
    const value = values[index - 1];
    const nodes = [value].flat().filter((one) => one !== null && one !== undefined && one !== false);
    if (!nodes.length || !(nodes[0] instanceof Node)) return before + escaped(nodes.join("")) + after;
    return `${before}<template data-slot="${slots.push(/** @type {Node[]} */ (nodes)) - 1}"></template>${after}`;
  });
  const fragment = parse(markup.trim());
  for (const slot of fragment.querySelectorAll("template[data-slot]")) {
    slot.replaceWith(...slots[Number(/** @type {HTMLElement} */ (slot).dataset.slot)]);
  }
  return fragment;
}

/**
 * The one element that a template makes.
 * @param {TemplateStringsArray} strings
 * @param {...unknown} values
 * @returns {HTMLElement}
 */
export const element = (strings, ...values) =>
  /** @type {any} */ (html(strings, ...values).firstElementChild);

/**
 * Sets properties of an element; one that is so already is not written, so that nobody who watches sees a change.
 * @param {any} node
 * @param {Record<string, unknown>} values
 */
export function set(node, values) {
  for (const [name, value] of Object.entries(values)) if (node[name] !== value) node[name] = value;
}

/**
 * HTML that our server rendered from Markdown: it has escaped raw HTML and checked every link.
 * @param {string} markup
 */
export const serverHtml = (markup) => parse(markup);
