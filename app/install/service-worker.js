// Keeps the page for visits without a connection. Before this text `cargo xtask` puts the files of the
// page, PAGE, which are kept at once, and LATER, which are kept when they are first used: name to SHA-256.
//
// With a connection the network is asked first for whatever can change under its name: a new version is
// seen when the page is next opened, as if nothing were kept. Files are kept under their hash, and only if
// they have it. So what failed, or what another page put in its place, is never kept; copies are all of one
// version; and what a new version leaves as it is is not loaded again.

const FILES = new Map(Object.entries({ ...PAGE, ...LATER }));
const HOME = self.registration.scope;
const STORE = `squeeze ${HOME}`;

// Time after which a copy is taken, if there is one: a poor connection is worse than none.
const PATIENCE_MS = 4000;

// Names with the hash that trunk gives them: such a file never changes.
const IS_FIXED = /-[0-9a-f]{16}(_bg)?\.[a-z]+$/;

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const name = nameOf(request.url);
  if (name !== undefined && request.method === "GET" && !request.headers.has("range")) {
    event.respondWith(answer(event, name));
  }
});

// The page says what it uses, by how the names begin: on a first visit that is loaded before this worker
// is there to see it.
self.addEventListener("message", (event) => {
  const names = [...FILES.keys()].filter((name) => event.data.some((start) => name.startsWith(start)));
  event.waitUntil(Promise.allSettled(names.map(fetchAndKeep)));
});

async function install() {
  const store = await caches.open(STORE);
  const before = new Set((await store.keys()).map((request) => nameOf(request.url)));
  await Promise.all(Object.keys(PAGE).map(fetchAndKeep));
  // What was used of the version before is kept of this one too.
  const used = Object.keys(LATER).filter((name) => before.has(name));
  await Promise.allSettled(used.map(fetchAndKeep));
  await self.skipWaiting();
}

async function activate() {
  const store = await caches.open(STORE);
  const current = new Set([...FILES.keys()].map(keyOf));
  const old = (await store.keys()).filter((request) => !current.has(request.url));
  await Promise.all(old.map((request) => store.delete(request)));
  await self.clients.claim();
}

async function answer(event, name) {
  // Where nothing can be kept, nothing is missed.
  const copy = await copyOf(name).catch(() => undefined);
  if (!copy) {
    const response = await fetch(event.request);
    // A full disk is no reason not to answer.
    event.waitUntil(keep(name, response.clone()).catch(() => {}));
    return response;
  }
  if (IS_FIXED.test(name)) {
    return copy;
  }
  const late = new Promise((_, fail) => setTimeout(() => fail(new Error("late")), PATIENCE_MS));
  try {
    const response = await Promise.race([fetch(event.request), late]);
    // A page that has moved is followed.
    return response.ok || response.type === "opaqueredirect" ? response : copy;
  } catch {
    return copy;
  }
}

async function fetchAndKeep(name) {
  if (await copyOf(name)) {
    return;
  }
  const response = await fetch(HOME + name, { cache: "no-cache" });
  if (!(await keep(name, response))) {
    throw new Error(`${name} is not what this version has`);
  }
}

// Whether the response was the file, and is kept now.
async function keep(name, response) {
  if (!response.ok) {
    return false;
  }
  const bytes = await response.arrayBuffer();
  if ((await sha256(bytes)) !== FILES.get(name)) {
    return false;
  }
  // The bytes are unpacked, and for everybody.
  const headers = new Headers(response.headers);
  for (const header of ["content-encoding", "content-length", "vary"]) {
    headers.delete(header);
  }
  const store = await caches.open(STORE);
  await store.put(keyOf(name), new Response(bytes, { headers }));
  return true;
}

async function copyOf(name) {
  const store = await caches.open(STORE);
  return store.match(keyOf(name));
}

// The name of the file that an address below the page's own means, if it is one of the page's.
function nameOf(address) {
  const { origin, pathname } = new URL(address);
  const page = origin + pathname;
  const name = page === HOME ? "index.html" : page.slice(HOME.length);
  return page.startsWith(HOME) && FILES.has(name) ? name : undefined;
}

function keyOf(name) {
  return `${HOME}${name}?${FILES.get(name)}`;
}

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
