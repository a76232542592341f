/* The builder of a segment: its form is sent in the background, rows are moved by drag or by Alt and arrow keys, long
 * lists are opened and searched beside their row, and nobody loses by accident what is not saved. Every act is what a
 * button of the form sends. */
(() => {
  "use strict";
  const form = document.querySelector("[data-builder]");
  if (!form) return;
  const on = (type, listener, options) => form.addEventListener(type, listener, options);

  /* -- an act is what its button sends; another field, comparison or time makes another row ------------------------- */
  const send = (values) => htmx.ajax("POST", form.action, { source: form, target: "#segment-rows", swap: "outerHTML", values });
  let isNew = false; // a row that is new begins with its list of fields
  const act = (what) => { isNew = /^(add|group):/.test(what); send({ do: what }); };
  on("htmx:afterSettle", (event) => {
    if (event.target.id !== "segment-rows" || !isNew) return;
    isNew = false;
    const button = document.activeElement;
    if (button.matches('[value^="field:"]')) showFields(button);
  });
  const placeOf = (button) => button.value.slice(button.value.indexOf(":") + 1);
  let pressed = null; // the button of an open list: pressing it again closes the list
  on("pointerdown", (event) => {
    const button = event.target.closest('[name="do"]');
    pressed = button && button.getAttribute("aria-expanded") === "true" ? button : null;
  });
  on("click", (event) => {
    const button = event.target.closest('button[name="do"]');
    if (!button || button.value === "save") return;
    const open = opens[button.value.split(":")[0]];
    if (open && !open.isReady()) return; // the button then opens its list by itself, in a page of its own
    event.preventDefault();
    if (!open) act(button.value);
    else if (button !== pressed) open.show(button);
    pressed = null;
  });
  on("change", (event) => { if (/\.(field|property|op|window\.type)$/.test(event.target.name)) send({}); });

  /* -- what is searched for changes nothing, and is no reason to count ------------------------------------------------ */
  on("change", (event) => { if (event.target.matches("[data-quiet]")) event.stopPropagation(); }, true);

  /* -- unsaved: asked before leaving ------------------------------------------------------------------------------ */
  let isSaving = false;
  const change = () => { form.dataset.unsaved = ""; };
  on("change", change);
  document.addEventListener("htmx:afterSwap", (event) => { if (event.detail.target.id === "segment-rows") change(); });
  on("submit", () => { isSaving = true; });
  addEventListener("pageshow", () => { isSaving = false; });
  on("click", (event) => { if (event.target.closest("[data-discard]")) isSaving = true; });
  addEventListener("beforeunload", (event) => { if ("unsaved" in form.dataset && !isSaving) event.preventDefault(); });

  /* -- lists: beside the button that opens one, over everything else; Escape or a click elsewhere closes it ----------- */
  const make = (tag, attributes) => {
    const element = document.createElement(tag);
    Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
    return element;
  };
  const place = (box, anchor) => {
    const size = box.getBoundingClientRect();
    const below = anchor.bottom + 4 + size.height <= innerHeight - 8;
    box.style.top = `${Math.max(8, below ? anchor.bottom + 4 : anchor.top - 4 - size.height)}px`;
    box.style.left = `${Math.max(8, Math.min(anchor.left, innerWidth - size.width - 8))}px`;
  };
  const openBox = (button, attributes, ...parts) => {
    const box = make("div", { popover: "auto", ...attributes });
    box.append(...parts);
    const follow = () => { if (box.isConnected) place(box, button.getBoundingClientRect()); };
    const closed = new AbortController();
    box.addEventListener("toggle", (event) => {
      const isOpen = event.newState === "open";
      button.setAttribute("aria-expanded", String(isOpen));
      if (isOpen) return;
      closed.abort();
      box.remove();
    });
    box.addEventListener("keydown", (event) => { // at once: a search would be emptied first
      if (event.key !== "Escape") return;
      event.preventDefault();
      box.hidePopover();
    });
    box.addEventListener("focusout", ({ relatedTarget: next }) => { if (next && !box.contains(next)) box.hidePopover(); });
    button.after(box);
    box.showPopover();
    follow();
    ["scroll", "resize"].forEach((type) => addEventListener(type, follow, { passive: true, signal: closed.signal }));
    return box;
  };
  const search = () => make("input", { type: "search", class: "input input-sm mb-1", placeholder: form.dataset.search, "aria-label": form.dataset.search, autocomplete: "off", "data-quiet": "" });
  const isFine = matchMedia("(pointer: fine)");

  /* -- the list of fields stands in the page once; one hidden value in the row says which it is ------------------------- */
  const stored = document.getElementById("segment-fields");
  const groups = stored ? JSON.parse(stored.textContent) : [];
  const lines = (current) => {
    let number = 0;
    return groups.flatMap(([group, fields]) => {
      const head = make("li", { class: "menu-label", role: "presentation" });
      head.textContent = group;
      return [head, ...fields.map(([key, label]) => {
        const item = make("li", { class: "menu-item", role: "option", id: `field-search-${number++}`, "aria-selected": String(key === current) });
        item.textContent = label;
        item.dataset.value = key;
        item.dataset.words = `${label} ${group}`.toLocaleLowerCase();
        return item;
      })];
    });
  };
  const showFields = (button, typed = "") => {
    const said = button.previousElementSibling;
    const input = search();
    const list = make("ul", { id: "field-search-list", role: "listbox", "aria-label": button.firstElementChild.textContent });
    Object.entries({ role: "combobox", "aria-controls": list.id, "aria-expanded": "true" }).forEach(([name, value]) => input.setAttribute(name, value));
    list.append(...lines(said.value));
    const shown = () => [...list.querySelectorAll('[role="option"]')].filter((item) => !item.hidden);
    const marked = () => list.querySelector('[aria-selected="true"]');
    const mark = (item) => {
      const before = marked();
      if (before) before.setAttribute("aria-selected", "false");
      if (!item) return input.removeAttribute("aria-activedescendant");
      item.setAttribute("aria-selected", "true");
      input.setAttribute("aria-activedescendant", item.id);
      return item.scrollIntoView({ block: "nearest" });
    };
    const filter = () => {
      const words = input.value.trim().toLocaleLowerCase().split(/\s+/);
      list.querySelectorAll('[role="option"]').forEach((item) => { item.hidden = !words.every((word) => item.dataset.words.includes(word)); });
      list.querySelectorAll(".menu-label").forEach((head) => {
        let item = head.nextElementSibling;
        while (item && item.hidden) item = item.nextElementSibling;
        head.hidden = !item || item.matches(".menu-label");
      });
      mark(shown()[0]);
    };
    const choose = (item) => {
      if (!item) return;
      const was = said.value;
      said.value = item.dataset.value;
      box.hidePopover();
      button.focus();
      if (was === said.value) return;
      if (was) said.before(make("input", { type: "hidden", name: said.name.replace(/field$/, "was"), value: was }));
      said.dispatchEvent(new Event("change", { bubbles: true }));
    };
    input.addEventListener("input", filter);
    input.addEventListener("keydown", (event) => {
      const [items, step] = [shown(), { ArrowDown: 1, ArrowUp: -1 }[event.key]];
      if (event.key === "Tab") box.hidePopover();
      else if (event.key === "Enter") choose(marked());
      if (step && items.length) mark(items[(items.indexOf(marked()) + step + items.length) % items.length]);
      if (step || event.key === "Enter") event.preventDefault();
    });
    list.addEventListener("click", (event) => choose(event.target.closest('[role="option"]')));
    const box = openBox(button, { class: "menu field-search" }, input, list);
    mark(marked() || shown()[0]);
    if (isFine.matches || typed) input.focus({ preventScroll: true });
    if (typed) { input.value = typed; filter(); }
  };
  on("keydown", (event) => { // typing on a closed list searches in it, as everywhere
    const button = event.target.closest('button[name="do"]');
    const open = button && opens[button.value.split(":")[0]];
    if (!open || !open.isReady() || event.ctrlKey || event.metaKey || event.altKey) return;
    const isTyped = event.key.length === 1 && event.key !== " " && open.show === showFields;
    if (!isTyped && event.key !== "ArrowDown") return;
    event.preventDefault();
    open.show(button, isTyped ? event.key : "");
  });

  /* -- a list of values comes from the server; one hidden text in the row holds the codes of what is checked ------------ */
  const NAMED = 5;
  const labels = new Map();
  const summarise = (button, codes) => {
    const [, summary, more] = button.children;
    summary.textContent = codes.slice(0, NAMED).map((code) => labels.get(button.dataset.of + code) || code).join(", ") || form.dataset.empty;
    more.textContent = codes.length > NAMED ? `+${codes.length - NAMED}` : "";
  };
  const showValues = (button) => {
    const said = button.previousElementSibling;
    const input = search();
    const list = make("div", { class: "min-h-0 flex-1 overflow-y-auto", role: "group", "aria-label": form.dataset.values });
    const boxes = () => [...list.querySelectorAll("input")];
    let timer = 0;
    const load = () => htmx.ajax("POST", form.dataset.choices, { target: list, swap: "innerHTML", values: { of: button.dataset.of, value: said.value, find: input.value } });
    input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(load, 200); });
    list.addEventListener("htmx:afterSwap", () => {
      boxes().forEach((one) => labels.set(button.dataset.of + one.value, one.parentElement.textContent.trim()));
      if (!input.value) input.hidden = boxes().length < 8 && !list.querySelector("[data-more]");
      place(box, button.getBoundingClientRect());
      if (!box.contains(document.activeElement) && isFine.matches) (boxes()[0] || box).focus({ preventScroll: true });
    });
    list.addEventListener("change", ({ target }) => {
      const codes = new Set(said.value.split("\n").filter(Boolean));
      codes[target.checked ? "add" : "delete"](target.value);
      said.value = [...codes].join("\n");
      summarise(button, [...codes]);
    });
    const box = openBox(button, { class: "menu field-search", tabindex: "-1" }, input, list);
    box.addEventListener("keydown", (event) => {
      const items = [input, ...boxes()].filter((one) => !one.hidden);
      const next = items[items.indexOf(document.activeElement) + { ArrowDown: 1, ArrowUp: -1 }[event.key]];
      if (next) next.focus();
      if (event.key === "Enter" && event.target === input && boxes()[0]) boxes()[0].click();
      if (next || event.key === "Enter") event.preventDefault();
    });
    if (isFine.matches) input.focus({ preventScroll: true });
    load();
  };

  /* -- moves: the menu of a grip -------------------------------------------------------------------------------------- */
  const moves = document.getElementById("segment-moves").content;
  const showMoves = (grip) => {
    const items = grip.dataset.moves.trim().split(" ").map((verb) => {
      const item = moves.querySelector(`[value="${verb}"]`).cloneNode(true);
      item.value = `${verb}:${placeOf(grip)}`;
      return item;
    });
    openBox(grip, { class: "menu", role: "menu", "aria-label": grip.getAttribute("aria-label"), "data-menu": "" }, ...items);
  };
  const opens = {
    field: { show: showFields, isReady: () => groups.length > 0 },
    values: { show: showValues, isReady: () => true },
    moves: { show: showMoves, isReady: () => true },
  };

  /* -- moving: Alt and arrows on a grip do what its menu does ------------------------------------------------------ */
  const ways = { ArrowUp: "up", ArrowDown: "down", ArrowRight: "in", ArrowLeft: "out" };
  on("keydown", (event) => {
    const grip = event.target.closest("[data-moves]");
    if (!grip || !event.altKey || !ways[event.key]) return;
    event.preventDefault();
    if (grip.dataset.moves.includes(ways[event.key])) act(`${ways[event.key]}:${placeOf(grip)}`);
  });

  /* -- dragging by the grip: a line shows where it would go ---------------------------------------------------------- */
  let drag = null;
  const mover = document.createElement("div");
  mover.className = "drop-line";
  const nodesOf = (list) => [...list.children].filter((one) => one.hasAttribute("data-node"));
  const placeAt = (x, y) => {
    const under = document.elementsFromPoint(x, y).find((one) => one.closest && one.closest("[data-list]"));
    const list = under && under.closest("[data-list]");
    if (!list || !list.dataset.list || drag.node.contains(list)) return null;
    const nodes = nodesOf(list);
    const before = nodes.findIndex((one) => { const box = one.getBoundingClientRect(); return y < box.top + box.height / 2; });
    return { list, at: before < 0 ? nodes.length : before, next: before < 0 ? null : nodes[before] };
  };
  on("pointerdown", (event) => {
    const grip = event.target.closest("[data-moves]");
    if (!grip || event.button) return;
    drag = { grip, node: grip.closest("[data-node]"), x: event.clientX, y: event.clientY, goal: null, isMoving: false };
  });
  addEventListener("pointermove", (event) => {
    if (!drag || (!drag.isMoving && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < 6)) return;
    if (!drag.isMoving) { drag.isMoving = true; drag.node.dataset.dragged = ""; }
    drag.goal = placeAt(event.clientX, event.clientY);
    if (!drag.goal) return mover.remove();
    const { list, next } = drag.goal;
    return next ? list.insertBefore(mover, next) : list.append(mover);
  });
  const drop = (event) => {
    if (!drag) return;
    const { node, goal, isMoving } = drag;
    drag = null;
    mover.remove();
    delete node.dataset.dragged;
    if (!isMoving) return;
    addEventListener("click", (click) => { click.preventDefault(); click.stopPropagation(); }, { capture: true, once: true });
    setTimeout(() => form.querySelectorAll("[data-menu]:popover-open").forEach((menu) => menu.hidePopover()));
    if (goal && event.type === "pointerup") act(`move:${node.id.slice(5).replaceAll("-", ".")}:${goal.list.dataset.list}.${goal.at}`);
  };
  addEventListener("pointerup", drop);
  addEventListener("pointercancel", drop);
})();
