/* What every page needs beyond htmx: theme, dialogs and menus, toasts, refusals, double clicks, jobs, the palette.
 * No inline handlers anywhere: behaviour is asked for with data- attributes, and everything is delegated, so
 * that content swapped in by htmx works without a call. */
(() => {
  "use strict";
  const root = document.documentElement;
  const on = (type, listener, options) => document.addEventListener(type, listener, options);

  /* -- theme: a cookie, so that the server renders the next page in it ------------------------------------------- */
  const prefersLight = matchMedia("(prefers-color-scheme: light)");
  const announceTheme = () => document.dispatchEvent(new CustomEvent("themechange"));
  prefersLight.addEventListener("change", announceTheme);
  on("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    const chosen = root.dataset.theme;
    const light = chosen === "light" || (chosen === "system" && prefersLight.matches);
    root.dataset.theme = light ? "dark" : "light";
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `theme=${root.dataset.theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
    announceTheme();
  });

  /* -- dialogs: native, modal; the browser traps focus and gives it back ------------------------------------------ */
  const openDialog = (dialog) => { if (dialog && !dialog.open) dialog.showModal(); };
  on("click", (event) => {
    const opener = event.target.closest("[data-dialog-open]");
    if (opener) {
      event.preventDefault(); // a link leads to the same form without scripts
      const menu = opener.closest("[popover]");
      if (menu) menu.hidePopover();
      openDialog(document.getElementById(opener.dataset.dialogOpen));
      return;
    }
    const closer = event.target.closest("[data-dialog-close]");
    if (closer) closer.closest("dialog").close();
    else if (event.target.matches("dialog[data-dialog]") && outside(event)) event.target.close();
  });
  const outside = (event) => {
    const box = event.target.getBoundingClientRect();
    return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
  };

  /* -- show and hide: [data-toggle="id"] -------------------------------------------------------------------------- */
  on("click", (event) => {
    const button = event.target.closest("[data-toggle]");
    if (!button) return;
    const part = document.getElementById(button.dataset.toggle);
    part.hidden = !part.hidden;
    button.setAttribute("aria-expanded", String(!part.hidden));
  });

  /* -- menus: native popovers, placed beside their button, arrow keys inside -------------------------------------- */
  const menuItems = (menu) => [...menu.querySelectorAll('[role="menuitem"]')];
  on("toggle", (event) => {
    const menu = event.target;
    if (!(menu instanceof HTMLElement) || !menu.matches("[data-menu]")) return;
    const button = opener(menu);
    const open = event.newState === "open";
    if (button) button.setAttribute("aria-expanded", String(open));
    if (open) enter(menu);
  }, true);
  const opener = (menu) => [...document.querySelectorAll(`[popovertarget="${menu.id}"]`)].find((one) => one.offsetParent);
  const enter = (menu) => {
    const button = opener(menu);
    if (button) place(menu, button.getBoundingClientRect());
    const first = menuItems(menu)[0];
    if (first) first.focus({ preventScroll: true });
  };
  on("htmx:afterSwap", (event) => { if (event.detail.target.matches("[data-menu]:popover-open")) enter(event.detail.target); });
  const place = (menu, anchor) => {
    const box = menu.getBoundingClientRect();
    const below = anchor.bottom + 6 + box.height <= innerHeight - 8;
    const left = anchor.left + box.width <= innerWidth - 8 ? anchor.left : anchor.right - box.width;
    menu.style.top = `${Math.max(8, below ? anchor.bottom + 6 : anchor.top - 6 - box.height)}px`;
    menu.style.left = `${Math.min(Math.max(8, left), Math.max(8, innerWidth - box.width - 8))}px`;
  };
  on("keydown", (event) => {
    const menu = event.target.closest("[data-menu]");
    if (!menu) return;
    const items = menuItems(menu);
    const at = items.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (event.key === "Tab") menu.hidePopover();
    if (next === undefined) return;
    event.preventDefault();
    items[(next + items.length) % items.length].focus();
  });

  /* -- toasts: HX-Trigger {"toast": {"message", "level", "action_label", "action_url"}} --------------------------- */
  const TOAST_MS = 5000;
  const region = document.getElementById("toasts");
  const expire = (toast) => {
    let timer = setTimeout(() => toast.remove(), TOAST_MS);
    const hold = () => clearTimeout(timer);
    const resume = () => { hold(); timer = setTimeout(() => toast.remove(), TOAST_MS); };
    toast.addEventListener("mouseenter", hold);
    toast.addEventListener("focusin", hold);
    toast.addEventListener("mouseleave", resume);
    toast.addEventListener("focusout", resume);
  };
  const showToast = ({ message, level = "success", action_label: label, action_url: url }) => {
    const templates = document.getElementById("toast-templates").content;
    const model = templates.querySelector(`[data-toast="${level}"]`) || templates.querySelector("[data-toast]");
    const toast = model.cloneNode(true);
    toast.querySelector("[data-toast-message]").textContent = message;
    const action = toast.querySelector("[data-toast-action]");
    if (url) { action.textContent = label; action.dataset.toastAction = url; } else action.remove();
    region.append(toast);
    expire(toast);
  };
  region.querySelectorAll("[data-toast]").forEach(expire);
  on("toast", (event) => {
    const detail = event.detail && event.detail.value !== undefined ? event.detail.value : event.detail;
    showToast(typeof detail === "string" ? { message: detail } : detail);
  });
  on("click", (event) => {
    const action = event.target.closest("[data-toast-action]");
    if (action) htmx.ajax("POST", action.dataset.toastAction, { source: document.body, swap: "none" });
    if (action || event.target.closest("[data-toast-close]")) event.target.closest("[data-toast]").remove();
  });

  /* -- refusals: the alert goes into the form that was sent, so that nothing typed is lost ------------------------ */
  const alertPlace = (elt) => {
    const form = elt.closest("form");
    return (form && form.querySelector("[data-form-errors]")) || document.getElementById("alerts");
  };
  on("htmx:beforeSwap", (event) => {
    const { xhr, elt } = event.detail;
    if (xhr.status < 400 || !xhr.responseText.includes("data-alert=")) return;
    const target = alertPlace(elt);
    if (!target) return;
    event.detail.shouldSwap = true;
    event.detail.isError = false;
    event.detail.target = target;
    event.detail.swapOverride = "innerHTML";
    event.detail.selectOverride = "unset";
  });

  /* -- failures: told in the same place until something works again; what only reads can be tried again there ------ */
  const tellFailure = (kind, { elt, target, requestConfig }) => {
    const place = alertPlace(elt);
    const isPoll = (elt.getAttribute("hx-trigger") || "").startsWith("every");
    if (!place || (isPoll && place.querySelector("[data-failure]"))) return;
    const alert = document.getElementById(kind).content.firstElementChild.cloneNode(true);
    const retry = alert.querySelector("[data-retry]");
    if (requestConfig.verb === "get") retry.addEventListener("click", () => htmx.ajax("GET", requestConfig.path, { source: elt, target }));
    else retry.remove();
    alert.dataset.failure = kind;
    place.replaceChildren(alert);
    alert.scrollIntoView({ block: "nearest" });
  };
  on("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    if (status === 401) location.reload();
    else if (status === 403 || status === 404) showToast({ level: "danger", message: status === 403 ? region.dataset.refused : region.dataset.missing });
    else tellFailure("failed", event.detail);
  });
  on("htmx:sendError", (event) => tellFailure("offline", event.detail));
  on("htmx:afterRequest", (event) => {
    if (event.detail.successful) document.querySelectorAll("[data-failure]").forEach((alert) => alert.remove());
  });

  /* -- forms: a second click while the first is on its way does nothing ------------------------------------------- */
  const release = (form) => {
    delete form.dataset.sending;
    form.querySelectorAll('[aria-busy="true"]').forEach((button) => button.removeAttribute("aria-busy"));
  };
  on("submit", (event) => {
    const form = event.target;
    const writes = form.method === "post" || form.matches("[hx-post], [hx-put], [hx-patch], [hx-delete]");
    if (!writes || form.method === "dialog") return;
    if (form.dataset.sending) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    form.dataset.sending = "yes";
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
    setTimeout(() => release(form), 10000);
  }, true);
  on("htmx:afterRequest", (event) => {
    const form = event.target.closest && event.target.closest("form");
    if (form) release(form);
    const alerts = document.getElementById("alerts");
    if (alerts && event.detail.successful && event.detail.requestConfig.verb !== "get") alerts.replaceChildren();
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sending]").forEach(release));
  on("change", (event) => { if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit(); });

  /* -- phone numbers: grouped while typing, as the country's example is; pasted and foreign ones stay as they are -- */
  on("input", ({ target }) => {
    const host = target.closest("[data-phone]");
    if (!host || target.type !== "tel" || target.selectionStart !== target.value.length || /[^\d\s()-]/.test(target.value)) return;
    const country = host.querySelector("select");
    if (country && !country.selectedOptions[0].defaultSelected) return; // the example is of the country that was asked for first
    const example = host.dataset.phone;
    const digits = target.value.replace(/\D/g, "");
    if (digits.slice(0, 2) !== example.replace(/\D/g, "").slice(0, Math.min(2, digits.length))) return;
    let used = 0;
    let grouped = "";
    for (const sign of example) {
      if (used === digits.length) break;
      grouped += /\d/.test(sign) ? digits[used++] : sign;
    }
    target.value = grouped + digits.slice(used);
  }, true);

  /* -- a code sends itself at its last digit; a countdown gives way to what it waited for ------------------------- */
  on("input", (event) => {
    if (!event.target.closest("[data-code]")) return;
    const input = event.target;
    const digits = input.value.replace(/\D/g, "").slice(0, 6);
    if (digits !== input.value) input.value = digits;
    if (digits.length === 6) input.form.requestSubmit();
  });
  const countDown = (text) => {
    const until = Date.now() + Number(text.dataset.countdown) * 1000;
    delete text.dataset.countdown;
    const tick = () => {
      const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
      text.querySelector("[data-countdown-left]").textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      if (left || !text.isConnected) return;
      clearInterval(timer);
      text.hidden = true;
      document.getElementById(text.dataset.countdownThen).hidden = false;
    };
    const timer = setInterval(tick, 1000);
    tick();
  };

  const prepare = (part, focusFirstError = true) => {
    part.querySelectorAll("[data-countdown]").forEach(countDown);
    const invalid = part.querySelector('form [aria-invalid="true"]:not([type="hidden"])');
    if (invalid && focusFirstError) invalid.focus();
    part.querySelectorAll('.tabs > [aria-current]').forEach((tab) => { // on a phone it may be out of sight
      const [bar, box] = [tab.parentElement, tab.getBoundingClientRect()];
      bar.scrollLeft += box.left - bar.getBoundingClientRect().left - (bar.clientWidth - box.width) / 2;
    });
  };
  /* A field that was only checked on leaving it does not call the person back. */
  on("htmx:afterSettle", (event) => {
    const { elt, requestConfig: asked } = event.detail;
    prepare(elt, !(asked && asked.elt.matches("[data-check]")));
  });

  /* -- after a swap: focus that went with the old part returns to what it was on; counts are read out --------------- */
  const nameOf = (control) => (control.getAttribute("aria-label") || control.textContent).trim();
  let held = null;
  on("htmx:beforeSwap", () => {
    const control = document.activeElement;
    if (!control.matches("a, button")) return;
    const around = [];
    for (let part = control.parentElement; part; part = part.parentElement) around.push(part);
    held = { control, around };
  });
  on("htmx:afterSettle", ({ detail: { elt } }) => {
    if (!held || held.control.isConnected || document.activeElement !== document.body) return;
    const { control, around } = held;
    held = null;
    const host = around.find((part) => part.isConnected);
    const again = [...host.querySelectorAll(control.localName)].find((one) => nameOf(one) === nameOf(control) && !one.disabled && one.offsetParent);
    const place = again || elt.querySelector("h1, h2, h3") || host.closest("section, main");
    if (!place) return;
    if (!again) place.tabIndex = -1;
    place.focus({ preventScroll: true });
  });
  const said = document.getElementById("said");
  on("htmx:afterSettle", ({ detail: { elt } }) => {
    const news = elt.querySelector("[data-said]");
    if (news && said.textContent !== news.textContent) said.textContent = news.textContent;
  });

  /* -- selection of table rows: a bulk bar counts the boxes named "selected" -------------------------------------- */
  const countSelection = (bar) => {
    const list = document.getElementById(bar.dataset.bulkBar);
    if (!list) return;
    const boxes = [...list.querySelectorAll('input[name="selected"]')];
    const chosen = boxes.filter((box) => box.checked);
    const all = bar.querySelector("[data-bulk-all]");
    if (all && chosen.length < boxes.length) all.checked = false;
    bar.querySelector("[data-bulk-count]").textContent = all && all.checked ? all.dataset.bulkAll : chosen.length;
    bar.hidden = !chosen.length;
    boxes.forEach((box) => { const row = box.closest("tr"); if (row) row.setAttribute("aria-selected", String(box.checked)); });
    const head = list.querySelector("[data-select-all]");
    if (head) { head.checked = chosen.length > 0 && chosen.length === boxes.length; head.indeterminate = chosen.length > 0 && !head.checked; }
  };
  const countSelections = () => document.querySelectorAll("[data-bulk-bar]").forEach(countSelection);
  const setSelection = (list, checked) => list.querySelectorAll('input[name="selected"]').forEach((box) => { box.checked = checked; });
  on("change", (event) => {
    if (event.target.matches("[data-select-all]")) setSelection(event.target.closest("table"), event.target.checked);
    const bar = event.target.matches("[data-bulk-all]:checked") && event.target.closest("[data-bulk-bar]");
    if (bar) setSelection(document.getElementById(bar.dataset.bulkBar), true);
    if (event.target.matches('[data-select-all], [data-bulk-all], input[name="selected"]')) countSelections();
  });
  on("click", (event) => {
    const clear = event.target.closest("[data-bulk-clear]");
    if (!clear) return;
    const bar = clear.closest("[data-bulk-bar]");
    setSelection(document.getElementById(bar.dataset.bulkBar), false);
    countSelections();
  });
  on("htmx:afterSettle", countSelections);

  /* -- command palette: Ctrl K ------------------------------------------------------------------------------------ */
  const palette = document.querySelector("[data-palette]");
  if (palette) {
    const input = palette.querySelector("input");
    const options = [...palette.querySelectorAll('[role="option"]')];
    const search = palette.querySelector("[data-palette-search]");
    const searchUrl = search && search.getAttribute("href");
    const visible = () => options.filter((option) => !option.hidden);
    const select = (option) => {
      options.forEach((one) => one.setAttribute("aria-selected", String(one === option)));
      if (option) { input.setAttribute("aria-activedescendant", option.id); option.scrollIntoView({ block: "nearest" }); }
      else input.removeAttribute("aria-activedescendant");
    };
    const filter = () => {
      const term = input.value.trim().toLocaleLowerCase();
      options.forEach((option) => { if (option !== search) option.hidden = !option.dataset.words.toLocaleLowerCase().includes(term); });
      if (search) {
        search.hidden = !term;
        search.href = `${searchUrl}?q=${encodeURIComponent(input.value.trim())}`;
        search.querySelector("[data-palette-term]").textContent = input.value.trim();
      }
      palette.querySelector("[data-palette-empty]").hidden = visible().length > 0;
      select(visible()[0]);
    };
    on("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); openDialog(palette); }
    });
    palette.addEventListener("close", () => { input.value = ""; filter(); });
    input.addEventListener("input", filter);
    input.addEventListener("keydown", (event) => {
      const shown = visible();
      const at = shown.findIndex((option) => option.getAttribute("aria-selected") === "true");
      if (event.key === "Enter" && shown[at]) { event.preventDefault(); shown[at].click(); }
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step || !shown.length) return;
      event.preventDefault();
      select(shown[(at + step + shown.length) % shown.length]);
    });
    filter();
  }

  /* -- jobs: a bar seen on one page is asked for on the others; when the job has ended, a toast says so ------------ */
  const JOB_MS = 5000;
  const barsOf = (part) => [...part.querySelectorAll(".job[data-running]")];
  const watched = () => JSON.parse(sessionStorage.getItem("jobs") || "{}");
  const watch = (change) => {
    const jobs = watched();
    change(jobs);
    sessionStorage.setItem("jobs", JSON.stringify(jobs));
  };
  const watchBars = () => watch((jobs) => {
    for (const bar of barsOf(document)) {
      const target = bar.closest("[hx-target]");
      jobs[bar.getAttribute("hx-get")] = [bar.dataset.running, target ? target.getAttribute("hx-target").slice(1) : bar.id];
    }
  });
  const askForJob = async (url, [title, target]) => {
    const answer = await fetch(url, { headers: { "HX-Request": "true", "HX-Target": target } });
    const part = new DOMParser().parseFromString(answer.status === 200 ? await answer.text() : "", "text/html");
    if (answer.status >= 500 || barsOf(part).length) return;
    watch((jobs) => { delete jobs[url]; });
    if (!answer.ok || answer.redirected) return; // signed out, or gone
    const bar = part.querySelector(".job");
    const state = bar ? bar.dataset.state : "done";
    if (state !== "cancelled") showToast({ level: state === "done" ? "success" : "danger", message: `${state === "done" ? region.dataset.done : region.dataset.failedJob}: ${title}` });
  };
  const askForJobs = () => {
    const here = barsOf(document).map((bar) => bar.getAttribute("hx-get"));
    const others = Object.entries(watched()).filter(([url]) => !here.includes(url));
    Promise.allSettled(others.map((job) => askForJob(...job))).then(() => setTimeout(askForJobs, JOB_MS));
  };
  on("htmx:afterSettle", watchBars);

  prepare(document);
  countSelections();
  watchBars();
  setTimeout(askForJobs, JOB_MS);
})();
