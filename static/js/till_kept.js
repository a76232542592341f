/* The till without a connection: number or known face, amount, kept. And the list of what is kept, with what needs a
 * look. The worker opens this page in the place of any other that it cannot get; `note` says what did not happen. */
(() => {
  "use strict";
  const queue = self.tillQueue;
  const config = JSON.parse(document.getElementById("till-config").textContent);
  const host = document.querySelector("[data-till-kept]");
  const list = document.querySelector("[data-kept-list]");
  const one = (name, place = host) => place.querySelector(`[data-${name}]`);
  const steps = [...host.querySelectorAll("[data-step]")];
  const find = host.querySelector('[data-step="find"]');
  const amount = host.querySelector('[data-step="amount"]');
  const UNDO_MS = 60000;
  const changed = () => document.dispatchEvent(new CustomEvent("till:changed"));

  /* -- values ----------------------------------------------------------------------------------------------------- */
  const language = document.documentElement.lang;
  const plain = (text) => text.trim().replace(",", ".");
  const isAmount = (text) => new RegExp(config.minor_units ? `^\\d{1,9}([.,]\\d{1,${config.minor_units}})?$` : "^\\d{1,9}$").test(text.trim()) && Number(plain(text)) > 0;
  const isNumber = (text) => /^\+?[\d\s().\/-]+$/.test(text.trim()) && text.replace(/\D/g, "").length >= 6 && text.replace(/\D/g, "").length <= 15;
  const money = (text) => (isAmount(text) ? new Intl.NumberFormat(language, { style: "currency", currency: config.currency }).format(Number(plain(text))) : text);
  const lastDigits = (phone) => `••• ••• ${phone.replace(/\D/g, "").slice(-3)}`;
  const whoOf = (sale) => sale.name || (sale.phone ? lastDigits(sale.phone) : list.dataset.somebody);
  const when = (sale) => new Date(Date.parse(queue.moment(sale, Date.now() + sale.ahead)))
    .toLocaleString(language, { weekday: "short", hour: "numeric", minute: "2-digit", hourCycle: "h23" });

  /* -- steps ------------------------------------------------------------------------------------------------------ */
  let person = null; // {code, name, digits} of somebody known, or {phone}
  let corrected = null; // the sale that this one takes the place of
  const note = (name, isShown = true) => { one(`note="${name}"`).hidden = !isShown; };
  let step = "";
  const go = (name) => {
    step = name;
    steps.forEach((part) => { part.hidden = part.dataset.step !== name; });
    const shown = steps.find((part) => !part.hidden);
    shown.querySelectorAll("[data-error]").forEach((error) => { error.hidden = true; });
    shown.querySelector("[data-pad-input], [data-next]").focus({ preventScroll: true });
  };
  const toAmount = (who) => {
    person = who;
    one("who").textContent = who.name || (who.phone ? who.phone : list.dataset.somebody);
    one("digits").textContent = who.digits || "";
    amount.querySelector("[data-pad-input]").value = corrected ? corrected.amount : "";
    go("amount");
  };
  const complain = (form) => {
    const [input, error] = [form.querySelector("[data-pad-input]"), one("error", form)];
    error.hidden = false;
    input.setAttribute("aria-invalid", "true");
    input.focus();
  };
  find.addEventListener("submit", (event) => {
    event.preventDefault();
    const phone = find.querySelector("[data-pad-input]").value;
    if (isNumber(phone)) toAmount({ phone: phone.trim() });
    else complain(find);
  });
  let isSaving = false;
  amount.addEventListener("submit", async (event) => {
    event.preventDefault();
    const typed = amount.querySelector("[data-pad-input]").value;
    if (!isAmount(typed)) return complain(amount);
    if (isSaving) return;
    isSaving = true;
    const sale = { key: crypto.randomUUID(), amount: plain(typed), ...(person.code ? { customer: person.code, name: person.name, digits: person.digits } : { phone: person.phone }) };
    try {
      if (corrected) {
        const { at, ahead, after, till, business, code } = corrected;
        const isChanged = await queue.change(corrected.id, { ...sale, at, ahead, after, ...(code === "other_till" ? {} : { till, business }) });
        corrected = null;
        if (isChanged) showSaved(sale);
        else showTaken(false); // another tab was quicker
      } else {
        await queue.add(sale);
        showSaved(sale);
      }
    } catch {
      one("full-amount").textContent = `${money(sale.amount)} · ${person.name || person.phone}`;
      note("full");
    } finally {
      isSaving = false;
    }
    changed();
    document.dispatchEvent(new CustomEvent("till:send"));
  });
  one("change").addEventListener("click", () => { corrected = null; go("find"); });
  document.addEventListener("input", ({ target }) => {
    const form = target.closest("[data-pad-form]");
    if (form && one("error", form)) { one("error", form).hidden = true; target.removeAttribute("aria-invalid"); }
  });

  /* -- kept: a minute to take it back ------------------------------------------------------------------------------ */
  let saved = null;
  let timer = 0;
  const showSaved = (sale) => {
    saved = sale;
    one("saved-amount").textContent = money(sale.amount);
    one("saved-who").textContent = whoOf(sale);
    one("saved-waiting").hidden = false;
    one("saved-sent").hidden = true;
    const button = one("take-back");
    const until = (sale.at || Date.now()) + UNDO_MS;
    clearInterval(timer);
    const tick = () => {
      const seconds = Math.ceil((until - Date.now()) / 1000);
      button.hidden = seconds <= 0 || Boolean(saved.tried);
      if (seconds <= 0) return clearInterval(timer);
      one("take-back-left").textContent = `0:${String(Math.min(59, seconds)).padStart(2, "0")}`;
    };
    timer = setInterval(tick, 500);
    tick();
    go("saved");
  };
  one("take-back").addEventListener("click", async () => {
    const mine = (await queue.list()).find((sale) => sale.key === saved.key);
    showTaken(mine ? await queue.change(mine.id) : false);
    changed();
  });
  const showTaken = (isTaken) => {
    host.querySelectorAll("[data-taken-yes]").forEach((part) => { part.hidden = !isTaken; });
    host.querySelectorAll("[data-taken-no]").forEach((part) => { part.hidden = isTaken; });
    go("taken");
  };

  /* -- the list --------------------------------------------------------------------------------------------------- */
  const todo = (code) => (list.querySelector(`[data-todo-for="${CSS.escape(code || "")}"]`) || list.querySelector('[data-todo-for=""]')).textContent;
  const row = (sale) => {
    const element = one("row", list).content.firstElementChild.cloneNode(true);
    one("row-who", element).textContent = sale.state === "refused" && sale.phone ? sale.phone : whoOf(sale);
    one("row-when", element).textContent = [when(sale), sale.business !== config.business ? sale.business : ""].filter(Boolean).join(" · ");
    one("row-amount", element).textContent = money(sale.amount);
    if (sale.state === "waiting") return element;
    one("row-more", element).hidden = false;
    one("row-why", element).textContent = sale.message;
    one("row-todo", element).textContent = todo(sale.code);
    one("correct", element).hidden = sale.state === "kept";
    one("correct", element).addEventListener("click", () => correct(sale));
    one("again", element).addEventListener("click", async () => { await queue.again(sale.id); changed(); document.dispatchEvent(new CustomEvent("till:send")); });
    one("remove", element).hidden = sale.state === "kept";
    one("remove", element).addEventListener("click", () => askToRemove(sale));
    return element;
  };
  const correct = (sale) => {
    corrected = sale;
    if (sale.customer && sale.code !== "loyalty.unknown_member") return toAmount({ code: sale.customer, name: sale.name, digits: sale.digits });
    find.querySelector("[data-pad-input]").value = sale.phone || "";
    go("find");
  };
  const dialog = document.getElementById("till-remove");
  let leaving = null;
  const askToRemove = (sale) => {
    leaving = sale;
    one("remove-what", dialog).textContent = `${sale.phone || whoOf(sale)} · ${money(sale.amount)} · ${when(sale)}`;
    dialog.showModal();
  };
  one("remove-yes", dialog).addEventListener("click", async () => { await queue.change(leaving.id); dialog.close(); changed(); });

  const fill = (name, sales) => {
    one(name, list).hidden = !sales.length;
    one(`${name}-rows`, list).replaceChildren(...sales.map(row));
  };
  let drawn = "";
  const draw = async () => {
    const sales = await queue.list().catch(() => []);
    const connection = document.documentElement.dataset.connection;
    for (const name of ["login", "forbidden", "no_till"]) note(name, connection === name && sales.length > 0);
    note("offline", connection === "offline");
    note("online", connection === "online");
    if (step === "find") find.hidden = connection === "online" && !corrected && !find.querySelector("[data-pad-input]").value;
    if (saved) {
      const mine = sales.find((sale) => sale.key === saved.key);
      const isThere = Boolean(mine);
      saved.tried ||= Boolean(mine && mine.tried);
      one("saved-waiting").hidden = !isThere;
      one("saved-sent").hidden = isThere;
      if (!isThere || saved.tried) one("take-back").hidden = true;
    }
    const now = JSON.stringify(sales);
    if (now === drawn) return; // a row that is about to be pressed stays where it is
    drawn = now;
    fill("odd", sales.filter((sale) => sale.state !== "waiting"));
    fill("waiting", sales.filter((sale) => sale.state === "waiting"));
    one("nothing", list).hidden = sales.length > 0;
  };
  let total = 0;
  document.addEventListener("till:sent", ({ detail }) => {
    total += detail;
    const place = one("sent", list);
    place.textContent = (total === 1 ? place.dataset.one : place.dataset.many).replace("{n}", total);
  });
  document.addEventListener("till:connection", draw);
  document.addEventListener("till:changed", draw);

  /* -- known faces ------------------------------------------------------------------------------------------------- */
  const showPeople = (people) => {
    one("people").replaceChildren(...people.slice(0, 2).map((known) => {
      const element = one("person-row", list).content.firstElementChild.cloneNode(true);
      one("person-name", element).textContent = known.name;
      one("person-digits", element).textContent = known.phone;
      element.querySelector("button").addEventListener("click", () => toAmount({ code: known.code, name: known.name, digits: known.phone }));
      return element;
    }));
  };

  /* -- why we are here --------------------------------------------------------------------------------------------- */
  const begin = async () => {
    const people = await queue.recent().catch(() => []);
    const told = await queue.takeFact("note").catch(() => null);
    const [, code, isRedeem] = /^\/till\/customers\/([\w-]+)\/(redeem\/)?$/.exec(location.pathname) || [];
    showPeople(people);
    const known = people.find((other) => other.code === code);
    if (location.hash.startsWith("#full=")) {
      one("full-amount").textContent = money(decodeURIComponent(location.hash.slice(6)));
      note("full");
    }
    if (code) {
      note("no-redeem", Boolean(isRedeem));
      toAmount({ code, name: known ? known.name : "", digits: known ? known.phone : "" });
    } else if (told && told.kind === "kept") {
      showSaved((await queue.list()).find((sale) => sale.key === told.key) || { key: told.key, amount: told.amount });
    } else if (told && told.kind === "number" && isNumber(told.phone || "")) {
      note("new", told.isNew);
      toAmount({ phone: told.phone });
    } else {
      if (told && one(`note="${told.kind}"`)) note(told.kind);
      if (told && told.kind === "redeem") {
        const { customer, key, points, reason } = told;
        one("redeem-again").href = `/till/customers/${customer}/redeem/?${new URLSearchParams({ key, points, reason })}`;
      } else if (!["/till/", config.kept].includes(location.pathname)) note("other");
      if (told && told.kind === "number") find.querySelector("[data-pad-input]").value = told.phone || "";
      go("find");
    }
    await draw();
  };
  begin();
})();
