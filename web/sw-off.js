// Served as the service worker when there is to be none: takes the place of the one that is there, and leaves.

const leaving = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

async function leave() {
  for (const name of await caches.keys()) await caches.delete(name);
  await leaving.registration.unregister();
}

leaving.addEventListener("install", () => leaving.skipWaiting());
leaving.addEventListener("activate", (event) => event.waitUntil(leave()));
