/** The browser's side of the service worker: putting it in place, asking it, taking it away. */

/** @param {string} name */
const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.getAttribute("content") ?? "";

/** Which page this is. */
export const version = meta("version");
const ADDRESS = meta("worker");

/** Whether the server wants a worker and the browser has them: not on plain HTTP. */
export const hasWorker = Boolean(ADDRESS && navigator.serviceWorker);

/**
 * Puts the worker in place. One that the server says is gone is taken away.
 * @returns {Promise<ServiceWorkerRegistration | null>}
 */
export async function register() {
  if (!hasWorker) {
    if (navigator.serviceWorker && !ADDRESS) await retire();
    return null;
  }
  try {
    return await navigator.serviceWorker.register(ADDRESS, { updateViaCache: "none" });
  } catch {
    await retireIfGone();
    return null;
  }
}

/** Asks whether there is a newer one; the registration tells. @param {ServiceWorkerRegistration} registration */
export async function renew(registration) {
  try {
    await registration.update();
  } catch {
    await retireIfGone();
  }
}

async function retireIfGone() {
  const response = await fetch(ADDRESS, { cache: "no-store" }).catch(() => null);
  if (response?.status === 404 || response?.status === 410) await retire();
}

/** @param {ServiceWorker} worker @returns {Promise<string>} the version of the page that it keeps */
export function versionOf(worker) {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data);
    worker.postMessage({ type: "version" }, [port2]);
  });
}

async function retire() {
  try {
    for (const registration of await navigator.serviceWorker.getRegistrations())
      await registration.unregister();
    for (const name of await caches.keys()) await caches.delete(name);
  } catch {
    // a browser that blocks storage has neither
  }
}
