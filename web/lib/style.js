/** Style sheets of what is fetched later: each is linked once, and what it is for waits until it is there. */

/** @type {Map<string, Promise<void>>} */
const linked = new Map();

/**
 * `style(import.meta.resolve("./search.css"))`: the import map knows the address under which it is kept.
 * @param {string} address
 */
export function style(address) {
  const known = linked.get(address);
  if (known) return known;
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = address;
  const loading = new Promise((/** @type {(value: void) => void} */ done, fail) => {
    link.onload = () => done();
    link.onerror = () => {
      linked.delete(address);
      link.remove();
      fail(new Error("this cannot be fetched now"));
    };
  });
  linked.set(address, loading);
  document.head.append(link);
  return loading;
}
