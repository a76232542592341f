/* On every page of the till: starts the service worker, says in the topbar what the connection does and how many sales
 * wait, and sends them. The queue itself is till_queue.js, the page without a connection till_kept.js. */
/* global htmx */
(() => {
  "use strict";
  const queue = self.tillQueue;
  const config = JSON.parse(document.getElementById("till-config").textContent);
  const status = document.querySelector("[data-connection]");
  const isKept = document.querySelector("[data-till-kept]") !== null; // may be old: what it says of server and people is not news
  const EVERY_MS = 10000;

  /* -- the topbar ------------------------------------------------------------------------------------------------- */
  let connection = isKept ? "asking" : "online";
  const words = (name, count) => (status.dataset[name] || "").replace("{n}", count);
  const counted = (name, count) => words(count === 1 ? `${name}One` : `${name}Many`, count);
  const show = (text, isTrouble) => {
    const place = status.querySelector("[data-connection-text]");
    if (place.textContent !== text) place.textContent = text;
    status.classList.toggle("text-warning", isTrouble);
    status.classList.toggle("text-muted", !isTrouble);
    status.querySelector("[data-connection-dot]").hidden = isTrouble;
    status.querySelector("[data-connection-sign]").hidden = !isTrouble;
  };
  const amount = document.querySelector("[data-away-label]");
  const labelButton = (isAway) => {
    const label = document.getElementById("add-label");
    if (!amount || isAway === (label.textContent === amount.dataset.awayLabel)) return;
    if (isAway) label.textContent = amount.dataset.awayLabel;
    else htmx.ajax("POST", amount.getAttribute("hx-post"), { source: amount, target: "#till-preview", swap: "outerHTML" }).catch(() => {});
  };
  const tellConnection = async () => {
    document.documentElement.dataset.connection = navigator.onLine ? connection : "offline";
    document.dispatchEvent(new CustomEvent("till:connection"));
    labelButton(document.documentElement.dataset.connection === "offline");
    if (!status) return;
    let sales = [];
    try { sales = await queue.list(); } catch { return show(status.dataset.unkept, true); }
    const waiting = sales.filter((sale) => sale.state === "waiting").length;
    const odd = sales.length - waiting;
    const away = !navigator.onLine || connection === "offline";
    if (away) return show(waiting ? counted("away", waiting) : status.dataset.offline, true);
    if (waiting && !["online", "asking"].includes(connection)) return show(counted(status.dataset[`${connection}One`] ? connection : "trouble", waiting), true);
    if (odd) return show(counted("odd", odd), true);
    if (waiting) return show(counted("sending", waiting), false);
    return show(status.dataset.online, false);
  };

  /* -- sending: when there is something, and a connection ---------------------------------------------------------- */
  let sending = false;
  const worker = () => navigator.serviceWorker && navigator.serviceWorker.controller;
  const tellSent = (count) => {
    document.dispatchEvent(new CustomEvent("till:sent", { detail: count }));
    if (!isKept) document.dispatchEvent(new CustomEvent("toast", { detail: { message: counted("sent", count) } }));
  };
  const send = async () => {
    if (sending) return;
    sending = true;
    try {
      const waiting = (await queue.list()).some((sale) => sale.state !== "refused");
      const mayBeBack = navigator.onLine && connection === "offline";
      if (waiting || mayBeBack || isKept) {
        const result = await queue.send();
        if (result) {
          connection = result.connection;
          if (connection === "online" && worker()) worker().postMessage("back");
          if (result.sent) tellSent(result.sent);
        }
      }
    } catch { /* no storage: the topbar says so */ } finally {
      sending = false;
      document.dispatchEvent(new CustomEvent("till:changed"));
    }
  };
  document.addEventListener("till:changed", tellConnection);
  document.addEventListener("till:send", send);
  if (queue.channel) {
    queue.channel.addEventListener("message", ({ data }) => {
      if (data.sent) tellSent(data.sent); // by the worker, or by another tab
      document.dispatchEvent(new CustomEvent("till:changed"));
    });
  }
  addEventListener("online", () => { connection = isKept ? "asking" : "online"; tellConnection(); send(); });
  addEventListener("offline", () => { connection = "offline"; tellConnection(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) send(); });
  setInterval(() => { if (!document.hidden) send(); }, EVERY_MS);

  /* -- without a connection nothing is asked while typing, and the button says what it does then ------------------- */
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!navigator.onLine && event.target.closest("[data-pad-form]")) event.preventDefault();
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (!event.target.closest("[data-pad-form]")) return;
    event.stopImmediatePropagation(); // the topbar says it, and the sale is kept
    connection = "offline";
    tellConnection();
  }, true);

  /* -- what this browser keeps ------------------------------------------------------------------------------------- */
  const introduce = async () => {
    if (isKept) return;
    await queue.setFact("server", { till: config.till, business: config.business, moment: Date.parse(config.now), ahead: Date.parse(config.now) - Date.now() });
    const people = [...document.querySelectorAll("[data-person]")].map(({ dataset }) => ({ code: dataset.person, name: dataset.name, phone: dataset.digits }));
    await queue.remember(people.filter((one, place) => people.findIndex((other) => other.code === one.code) === place));
  };
  const register = async () => {
    if (!("serviceWorker" in navigator)) return;
    const registration = await navigator.serviceWorker.register(config.worker, { scope: config.scope, updateViaCache: "none" });
    const ready = await navigator.serviceWorker.ready;
    if (isKept || (await queue.fact("shell")) === config.shell) return;
    navigator.serviceWorker.addEventListener("message", ({ data }) => { if (data === "shell") queue.setFact("shell", config.shell); });
    (registration.active || ready.active).postMessage("shell");
    if (navigator.storage && navigator.storage.persist) navigator.storage.persist();
  };
  tellConnection();
  introduce().catch(() => {}).then(send);
  register().catch(() => { /* an old browser, or plain HTTP: the till works as long as there is a connection */ });
})();
