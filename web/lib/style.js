/** Style sheets of what is fetched later: each is linked once, and what it is for waits until it is there. */

const AGAIN = 3000;
/** @type {Map<string, Promise<void>>} */
const linked = new Map();

/**
 * `style(import.meta.resolve("./search.css"))`: the import map knows the address under which it is kept. Never
 * rejects: what cannot be fetched now is asked for again, and its screen can be used meanwhile.
 * @param {string} address
 */
export function style(address) {
  const known = linked.get(address) ?? new Promise((done) => link(address, done));
  linked.set(address, known);
  return known;
}

/** @param {string} address @param {() => void} done */
function link(address, done) {
  const node = document.createElement("link");
  node.rel = "stylesheet";
  node.href = address;
  node.onload = done;
  node.onerror = () => {
    node.remove();
    setTimeout(() => link(address, done), AGAIN);
    done();
  };
  document.head.append(node);
}
