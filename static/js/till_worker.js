/* The till's service worker: opens the till without a connection and keeps the sales that could not be sent.
 * The server writes VERSION, ASSETS and QUEUE above this line (screens/till_shell.py). */
/* global VERSION, ASSETS, QUEUE, tillQueue */
"use strict";
importScripts(QUEUE);

const NAME = "till-";
const CACHE = `${NAME}${VERSION}`;
const SHELL = "/till/kept/";
const PATIENCE_MS = 10000; // a connection that takes longer is none; the key makes a late answer harmless
const SHORT_MS = 2500; // while the last try was in vain
const AWAY = [502, 503, 504]; // a proxy whose server is away
let inVain = false;

/* -- what is kept ------------------------------------------------------------------------------------------------- */
const keepShell = async () => {
  const answer = await fetch(SHELL, { credentials: "same-origin", cache: "no-store", redirect: "error" });
  if (!answer.ok) throw new Error(`the till's page answers ${answer.status}`);
  const cache = await caches.open(CACHE);
  await cache.put(SHELL, answer);
};
const keepEverything = async () => {
  const cache = await caches.open(CACHE);
  await cache.addAll(ASSETS.map((address) => new Request(address, { cache: "reload" })));
  await keepShell();
};
addEventListener("install", (event) => event.waitUntil(keepEverything().then(() => self.skipWaiting())));

const forgetOthers = async () => {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(NAME) && name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
};
addEventListener("activate", (event) => event.waitUntil(forgetOthers()));
addEventListener("message", (event) => {
  if (event.data === "back") inVain = false; // a page has heard from the server
  if (event.data === "shell") event.waitUntil(keepShell().then(() => event.source.postMessage("shell"), () => {}));
});
addEventListener("sync", (event) => { if (event.tag === tillQueue.TAG) event.waitUntil(send(event.lastChance)); });
const send = async (isLast) => {
  const result = await tillQueue.send();
  if (result && result.connection === "offline" && !isLast) throw new Error("no connection yet"); // the browser tries again
};

/* -- pages: from the server, and without one from here -------------------------------------------------------------- */
const within = (promise, milliseconds) => new Promise((resolve, reject) => {
  const timer = setTimeout(() => reject(new Error("too slow")), milliseconds);
  promise.then(resolve, reject).finally(() => clearTimeout(timer));
});
const visit = async (request) => {
  const copy = request.method === "POST" ? request.clone() : null;
  try {
    const answer = await within(fetch(request), inVain ? SHORT_MS : PATIENCE_MS);
    if (AWAY.includes(answer.status)) throw new Error(`the server is away: ${answer.status}`);
    inVain = false;
    return answer;
  } catch {
    inVain = true;
    return copy ? keep(copy) : shell();
  }
};
const shell = async () => (await caches.match(SHELL, { cacheName: CACHE })) || Response.error();

/* What a person sent, and no server took. A sale is kept; of anything else the page says what did not happen. */
const SALE = /^\/till\/customers\/([\w-]+)\/$/;
const REDEEM = /^\/till\/customers\/([\w-]+)\/redeem\/$/;
const keep = async (request) => {
  const form = await request.formData();
  const { pathname } = new URL(request.url);
  const [sale, redemption] = [SALE.exec(pathname), REDEEM.exec(pathname)];
  if (sale && !String(form.get("amount")).trim()) return Response.redirect(pathname, 303);
  const note = (values) => tillQueue.setFact("note", { at: Date.now(), ...values });
  try {
    if (sale) {
      const person = (await tillQueue.recent()).find((one) => one.code === sale[1]) || {};
      const kept = { key: form.get("key"), amount: form.get("amount"), customer: sale[1], name: person.name || "", digits: person.phone || "", tried: navigator.onLine };
      await tillQueue.add(kept);
      await note({ kind: "kept", key: kept.key, amount: kept.amount });
    } else if (redemption) {
      await note({ kind: "redeem", customer: redemption[1], key: form.get("key"), points: form.get("points"), reason: form.get("reason") });
    } else if (pathname === "/till/" || pathname === "/till/customers/") {
      await note({ kind: "number", phone: form.get("phone"), isNew: pathname !== "/till/" });
    } else if (pathname.startsWith("/till/undo/")) {
      await note({ kind: "undo" });
    } else {
      await note({ kind: navigator.onLine ? "unsure" : "other" }); // the server may have done it
    }
  } catch {
    const lost = sale ? `#full=${encodeURIComponent(form.get("amount"))}` : "";
    return Response.redirect(`${SHELL}${lost}`, 303);
  }
  return Response.redirect(SHELL, 303);
};

addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (address.origin !== self.location.origin) return;
  if (request.mode === "navigate") event.respondWith(visit(request));
  else if (request.method === "GET" && ASSETS.includes(address.pathname)) {
    event.respondWith(caches.match(request, { cacheName: CACHE }).then((kept) => kept || fetch(request)));
  }
});
