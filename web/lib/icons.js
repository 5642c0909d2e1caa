/** Icons of the symbols font by name; always ornament, the control says its name itself. */

const CODES = {
  menu: 0xf035c,
  plus: 0xf0415,
  send: 0xf048a,
  stop: 0xf04db,
  copy: 0xf018f,
  edit: 0xf0cb6,
  refresh: 0xf0450,
  branch: 0xf062c,
  trash: 0xf0a7a,
  search: 0xf0349,
  settings: 0xf08bb,
  key: 0xf030b,
  robot: 0xf167a,
  chart: 0xf0128,
  fork: 0xf0641,
  console: 0xf07b7,
  close: 0xf0156,
  info: 0xf02fd,
  brain: 0xf09d1,
  text: 0xf09ed,
  more: 0xf01d8,
  history: 0xf02da,
  star: 0xf04ce,
  starOutline: 0xf04d2,
  clip: 0xf03e2,
};

/** @param {keyof typeof CODES} name */
export function icon(name) {
  const span = document.createElement("span");
  span.className = "icon";
  span.setAttribute("aria-hidden", "true");
  span.textContent = String.fromCodePoint(CODES[name]);
  return span;
}
