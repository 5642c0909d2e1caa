/** A few IndexedDB stores of values by key, as promises. Where the browser refuses, every promise is rejected. */

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
const answer = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

export class Database {
  #name;
  #stores;
  /** @type {Promise<IDBDatabase> | null} */
  #opened = null;

  /** @param {string} name @param {string[]} stores */
  constructor(name, stores) {
    this.#name = name;
    this.#stores = stores;
  }

  /** @param {string} store @param {string} key @returns {Promise<any>} undefined when there is none */
  async get(store, key) {
    const database = await this.#open();
    return answer(database.transaction(store).objectStore(store).get(key));
  }

  /**
   * Puts one value; the oldest beyond `most` go. Putting makes a value the newest.
   * @param {string} store
   * @param {string} key
   * @param {any} value
   * @param {number} most
   */
  async put(store, key, value, most) {
    const database = await this.#open();
    const transaction = database.transaction(store, "readwrite");
    const values = transaction.objectStore(store);
    values.put({ value, at: Date.now() }, key);
    const keys = await answer(values.index("at").getAllKeys());
    for (const old of keys.slice(0, Math.max(0, keys.length - most))) values.delete(old);
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
  }

  /** @param {string} store @param {string} key */
  async remove(store, key) {
    const database = await this.#open();
    await answer(database.transaction(store, "readwrite").objectStore(store).delete(key));
  }

  /** Closes it, so that another version or its end need not wait for this page. */
  close() {
    this.#opened?.then((database) => database.close()).catch(() => {});
    this.#opened = null;
  }

  #open() {
    this.#opened ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(this.#name, 1);
      request.onupgradeneeded = () => {
        for (const store of this.#stores) request.result.createObjectStore(store).createIndex("at", "at");
      };
      request.onsuccess = () => {
        request.result.onversionchange = () => this.close();
        request.result.onclose = () => this.close();
        resolve(request.result);
      };
      request.onerror = () => reject(request.error);
      request.onblocked = () => reject(new Error("another page holds the database"));
    });
    return this.#opened;
  }
}

/** Removes every database whose name begins so, but the one to keep. @param {string} prefix @param {string} [keep] */
export async function removeDatabases(prefix, keep) {
  for (const { name } of await indexedDB.databases()) {
    if (name?.startsWith(prefix) && name !== keep) await answer(indexedDB.deleteDatabase(name));
  }
}
