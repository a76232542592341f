/* The sales that a till keeps while it has no connection: an IndexedDB queue, emptied in order, each sale once.
 * Shared by the till's pages and its service worker. Numbers live here until the sale is sent, and not longer. */
self.tillQueue = (() => {
  "use strict";
  const ADDRESS = "/till/queue/";
  const TAG = "till-queue"; // of the lock, of Background Sync, and of the channel between tabs
  const BATCH = 50;
  const PATIENCE_MS = 20000;
  const channel = "BroadcastChannel" in self ? new BroadcastChannel(TAG) : null;

  /* -- storage ---------------------------------------------------------------------------------------------------- */
  let opened = null;
  const open = () => {
    opened ||= new Promise((resolve, reject) => {
      const request = indexedDB.open("till", 1);
      request.onupgradeneeded = () => {
        const sales = request.result.createObjectStore("sales", { keyPath: "id", autoIncrement: true });
        sales.createIndex("key", "key", { unique: true });
        request.result.createObjectStore("facts");
      };
      request.onsuccess = () => {
        request.result.onversionchange = () => { request.result.close(); opened = null; };
        resolve(request.result);
      };
      request.onerror = () => { opened = null; reject(request.error); };
    });
    return opened;
  };
  /* Runs `work(store)` in one transaction; gives the result of the request that it returns, once all is on disk. */
  const inStore = async (name, mode, work) => {
    const database = await open();
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(name, mode, { durability: "strict" });
      const request = work(transaction.objectStore(name));
      transaction.oncomplete = () => resolve(request ? request.result : undefined);
      transaction.onabort = transaction.onerror = () => reject(transaction.error || (request && request.error));
    });
  };
  const fact = (name) => inStore("facts", "readonly", (store) => store.get(name));
  const setFact = (name, value) => inStore("facts", "readwrite", (store) => (value === null ? store.delete(name) : store.put(value, name)));
  const takeFact = async (name) => {
    const value = await fact(name);
    if (value !== undefined) await setFact(name, null);
    return value;
  };
  const list = () => inStore("sales", "readonly", (store) => store.getAll());
  const remove = (id) => inStore("sales", "readwrite", (store) => store.delete(id));
  const tell = (news) => { if (channel) channel.postMessage(news); };

  /* -- people who were served today: code, name and last digits; forgotten on the next day ------------------------- */
  const RECENT = 12;
  const today = () => new Date().toDateString();
  const recent = async () => {
    const kept = await fact("recent");
    if (!kept) return [];
    if (kept.day === today()) return kept.people;
    await setFact("recent", null);
    return [];
  };
  const remember = async (people) => {
    const known = await recent();
    const fresh = new Set(people.map((one) => one.code));
    const all = [...people, ...known.filter((one) => !fresh.has(one.code))].slice(0, RECENT);
    await setFact("recent", { day: today(), people: all });
  };

  /* -- what the server said last: who we are, and how far this clock is from its own ------------------------------- */
  const meet = async ({ till, business, now }) => {
    const moment = Date.parse(now);
    await setFact("server", { till, business, moment, ahead: moment - Date.now() });
  };

  /* -- keeping a sale ----------------------------------------------------------------------------------------------- */
  /* `sale` has key, amount, and phone or customer (a code, with name and last digits). The same key is one sale. */
  const add = async (sale) => {
    const server = (await fact("server")) || {};
    const kept = {
      till: server.till || "",
      business: server.business || "",
      at: Date.now(),
      ahead: server.ahead || 0,
      after: server.moment || 0,
      ...sale, // one that is corrected brings its till and its time
      state: "waiting",
      message: "",
    };
    try {
      await inStore("sales", "readwrite", (store) => store.add(kept));
    } catch (error) {
      const known = await inStore("sales", "readonly", (store) => store.index("key").count(sale.key));
      if (!known) throw error;
    }
    tell("kept");
    await askForSync();
  };
  const askForSync = async () => {
    try {
      const registration = self.registration || (await navigator.serviceWorker.ready);
      if (registration.sync) await registration.sync.register(TAG);
    } catch { /* not offered, or not allowed: an open page sends */ }
  };
  /* By the server's clock, never before its last word and never after now. */
  const moment = (sale, now) => new Date(Math.min(Math.max(sale.at + sale.ahead, sale.after), now)).toISOString();

  /* -- sending ------------------------------------------------------------------------------------------------------ */
  /* HX-Request: who is not logged in is told so, instead of being led to the log-in page. */
  const ask = (options = {}) => fetch(ADDRESS, {
    ...options,
    headers: { Accept: "application/json", "HX-Request": "true", ...options.headers },
    credentials: "same-origin",
    cache: "no-store",
    redirect: "error",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const REFUSED = { 401: "login", 403: "forbidden", 409: "no_till" };

  const settle = (sales, outcomes) => inStore("sales", "readwrite", (store) => {
    sales.forEach((sale, place) => {
      const { state, code, message } = outcomes[place];
      if (state === "posted") store.delete(sale.id);
      else store.put({ ...sale, state, code, message, tried: false });
    });
  });
  /* From here on a sale may be counted although no answer comes: it can be sent again, but not taken back. */
  const markTried = (sales) => inStore("sales", "readwrite", (store) => {
    for (const sale of sales) if (!sale.tried) store.put({ ...sale, tried: true });
  });

  /* Gives {connection: "online" | "offline" | "login" | "forbidden" | "no_till" | "trouble", sent: how many}. */
  const push = async () => {
    let sent = 0;
    try {
      const hello = await ask();
      if (!hello.ok) return { connection: REFUSED[hello.status] || "trouble", sent };
      const { csrf, till, now, recent: people } = await hello.json();
      const server = (await fact("server")) || {};
      await meet({ till, now, business: server.till === till ? server.business : "" });
      await remember(people);
      let after = 0;
      for (;;) {
        const waiting = (await list()).filter((sale) => sale.state !== "refused" && sale.id > after).slice(0, BATCH);
        if (!waiting.length) return { connection: "online", sent };
        const sales = waiting.map((sale) => ({
          key: sale.key, till: sale.till, amount: sale.amount, phone: sale.phone || "", customer: sale.customer || "",
          sold_at: moment(sale, Date.parse(now)),
        }));
        await markTried(waiting);
        const answer = await ask({
          method: "POST",
          headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
          body: JSON.stringify({ sales }),
        });
        if (!answer.ok) return { connection: REFUSED[answer.status] || "trouble", sent };
        const { outcomes } = await answer.json();
        await settle(waiting, outcomes);
        const posted = outcomes.filter((one) => one.state === "posted").length;
        sent += posted;
        after = waiting[waiting.length - 1].id;
        tell({ sent: posted });
      }
    } catch {
      return { connection: "offline", sent };
    }
  };
  /* One tab or worker sends at a time. Gives null when another one does. */
  const send = () => (navigator.locks ? navigator.locks.request(TAG, { ifAvailable: true }, (lock) => (lock ? push() : null)) : push());

  /* Take a sale back, or put another in its place, unless it has or may have been sent. Gives whether it was so. */
  const change = (id, sale) => {
    const work = async () => {
      const there = (await list()).find((one) => one.id === id);
      if (!there || there.tried) return false;
      if (sale) await add(sale);
      await remove(id);
      tell("changed");
      return true;
    };
    return navigator.locks ? navigator.locks.request(TAG, work) : work();
  };
  /* Try a refused sale once more with the next sending. */
  const again = async (id) => {
    const sale = await inStore("sales", "readonly", (store) => store.get(id));
    if (sale) await inStore("sales", "readwrite", (store) => store.put({ ...sale, state: "waiting", message: "" }));
    tell("changed");
  };

  return { TAG, add, again, change, channel, fact, list, meet, moment, recent, remember, send, setFact, takeFact };
})();
