/**
 * The service worker: keeps the shell of the page, so that it opens at once and offline, and shows what was pushed.
 * It knows nothing of conversations. The server writes the shell's version, hashes and addresses above this text.
 *
 * Every file has its hash in its address, so files of two versions never meet. Which version is opened is one entry:
 * the index in the cache `shell`, replaced when all files of a newer one are here.
 */

/** @typedef {{version: string, index: string, files: string[]}} Shell `index` is the hash of the page at `/` */
/** @typedef {{tag: string, title: string, body: string, url: string, silent: boolean, always?: boolean}} Pushed */

const worker = /** @type {ServiceWorkerGlobalScope & {SHELL: Shell}} */ (/** @type {unknown} */ (self));
const SHELL = worker.SHELL;
const CURRENT = "shell";
const FILES = `shell-${SHELL.version}`;
const SHARED = "shared";
const PAGES = ["/", "/share"];

/** Everything or nothing: a shell with a piece missing never becomes the current one. */
async function install() {
  if (!(await caches.has(CURRENT))) worker.skipWaiting(); // what is active here, if anything, is not ours
  const files = await caches.open(FILES);
  await Promise.all(
    SHELL.files.map(async (address) => {
      const hash = new URL(address, worker.location.origin).searchParams.get("v") ?? "";
      await files.put(address, (await caches.match(address)) ?? (await fetchExact(address, hash)));
    }),
  );
  const index = await fetchExact("/", SHELL.index, "no-cache");
  await (await caches.open(CURRENT)).put("/", index);
}

/**
 * Fetches what has this hash. A server that was upgraded meanwhile, or a sign-in page in between, is an error.
 * @param {string} address
 * @param {string} hash the first 12 digits of its SHA-256
 * @param {RequestCache} [cache]
 */
async function fetchExact(address, hash, cache) {
  const response = await fetch(address, { cache });
  const digest = await crypto.subtle.digest("SHA-256", await response.clone().arrayBuffer());
  const digits = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (!response.ok || response.redirected || !digits.startsWith(hash))
    throw new Error(`${address} is not ${hash}`);
  return response;
}

/** Pages of the version before may still be open and fetch a screen: its files stay until the next upgrade. */
async function activate() {
  const names = (await caches.keys()).filter((name) => ![CURRENT, FILES, SHARED].includes(name));
  const before = names.filter((name) => name.startsWith(CURRENT)).at(-1);
  await Promise.all(names.filter((name) => name !== before).map((name) => caches.delete(name)));
  await worker.clients.claim();
}

/** @param {Request} request */
async function openPage(request) {
  return (await caches.match("/", { cacheName: CURRENT })) ?? fetch(request);
}

/**
 * What was shared: the words go on in the address, the files wait in a cache of their own for the page to take them.
 * @param {Request} request
 */
async function share(request) {
  const form = await request.formData();
  const words = ["title", "text", "url"].map((name) => [name, String(form.get(name) ?? "")]);
  const files = form.getAll("files").filter((file) => file instanceof File && file.size);
  await caches.delete(SHARED);
  const waiting = await caches.open(SHARED);
  for (const [index, file] of /** @type {File[]} */ (files).entries()) {
    const headers = { "Content-Type": file.type, "X-Name": encodeURIComponent(file.name) };
    await waiting.put(`/share/${index}`, new Response(file, { headers }));
  }
  const query = new URLSearchParams(words.filter(([, value]) => value));
  if (files.length) query.set("files", String(files.length));
  return Response.redirect(`/share?${query}`, 303);
}

/** @param {Request} request */
async function openFile(request) {
  return (await caches.match(request, { ignoreVary: true })) ?? fetch(request);
}

worker.addEventListener("install", (event) => {
  // What is not ours to answer does not wait for this worker to wake up, where the browser can be told so.
  /** @type {any} */ (event).addRoutes?.({
    condition: { urlPattern: { pathname: "/api/*" } },
    source: "network",
  });
  event.waitUntil(install());
});
worker.addEventListener("activate", (event) => event.waitUntil(activate()));

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname, searchParams } = new URL(request.url);
  if (request.method === "POST" && origin === worker.location.origin && pathname === "/share")
    return event.respondWith(share(request));
  if (request.method !== "GET" || origin !== worker.location.origin) return;
  if (request.mode === "navigate" && PAGES.includes(pathname)) event.respondWith(openPage(request));
  else if (pathname.startsWith("/assets/") && searchParams.has("v")) event.respondWith(openFile(request));
});

worker.addEventListener("message", (event) => {
  if (event.data?.type === "version") event.ports[0]?.postMessage(SHELL.version);
  else if (event.data?.type === "activate") event.waitUntil(worker.skipWaiting());
});

const windows = () => worker.clients.matchAll({ type: "window", includeUncontrolled: true });

/** WebKit ends the subscription of an app that lets a push pass in silence. */
const mustShow = /AppleWebKit/.test(navigator.userAgent) && !/Chrome/.test(navigator.userAgent);

/** Nothing is shown to somebody who is looking at the page. @param {Pushed} pushed */
async function notify({ tag, title, body, url, silent, always }) {
  const seen = (await windows()).some((client) => client.visibilityState === "visible");
  if (seen && !always && !mustShow) return;
  const icon = "/assets/icons/icon-192.png";
  const options = { tag, renotify: !silent, body, silent, data: url, icon, badge: icon };
  await worker.registration.showNotification(title, options);
}

/** In the window that is there, which goes to the message by itself; else in a new one. @param {string} url */
async function show(url) {
  const [client] = await windows();
  if (!client) {
    await worker.clients.openWindow(url);
    return;
  }
  client.postMessage({ type: "open", url });
  await client.focus();
}

worker.addEventListener("push", (event) => event.waitUntil(notify(event.data?.json())));

worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.data));
});

/** The page tells the server at its next start; until then the browser at least goes on listening. */
worker.addEventListener("pushsubscriptionchange", (event) => {
  const { options } = /** @type {{oldSubscription?: PushSubscription}} */ (event).oldSubscription ?? {};
  if (!options) return;
  /** @type {ExtendableEvent} */ (event).waitUntil(worker.registration.pushManager.subscribe(options));
});
