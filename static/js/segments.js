/* The builder of a segment: what htmx and a plain form cannot do. Rows are moved by drag or by Alt and arrow keys,
 * long lists are searched, and nobody loses by accident what is not saved. Every act ends in a button of the form. */
(() => {
  "use strict";
  const form = document.querySelector("[data-builder]");
  if (!form) return;
  const on = (type, listener, options) => form.addEventListener(type, listener, options);

  /* -- an act is what its button sends ---------------------------------------------------------------------------- */
  const act = (what) => htmx.ajax("POST", form.action, { source: form, target: "#segment-rows", swap: "outerHTML", values: { do: what } });

  /* -- what is searched for changes nothing, and is no reason to count ------------------------------------------------ */
  on("change", (event) => { if (event.target.matches("[data-picker-search], [data-quiet]")) event.stopPropagation(); }, true);

  /* -- unsaved: asked before leaving ------------------------------------------------------------------------------ */
  let isSaving = false;
  const change = () => { form.dataset.unsaved = ""; };
  on("change", change);
  document.addEventListener("htmx:afterSwap", (event) => { if (event.detail.target.id === "segment-rows") change(); });
  on("submit", () => { isSaving = true; });
  addEventListener("pageshow", () => { isSaving = false; });
  on("click", (event) => { if (event.target.closest("[data-discard]")) isSaving = true; });
  addEventListener("beforeunload", (event) => { if ("unsaved" in form.dataset && !isSaving) event.preventDefault(); });

  /* -- lists of values: a summary of what is checked, a search, closed by Escape or a click elsewhere --------------- */
  const summarise = (picker) => {
    const summary = picker.querySelector("[data-picker-summary]");
    const chosen = [...picker.querySelectorAll('input[type="checkbox"]:checked')].map((box) => box.parentElement.textContent.trim());
    summary.textContent = chosen.join(", ") || summary.dataset.empty;
  };
  on("change", (event) => {
    const picker = event.target.closest("[data-picker]");
    if (picker && event.target.type === "checkbox") summarise(picker);
  });
  on("input", (event) => {
    const search = event.target.closest("[data-picker-search]");
    if (!search || search.hasAttribute("hx-get")) return;
    const words = search.value.trim().toLocaleLowerCase();
    search.closest("[data-picker]").querySelectorAll(".picker-list label").forEach((label) => {
      label.hidden = !label.textContent.toLocaleLowerCase().includes(words);
    });
  });
  on("toggle", (event) => {
    const picker = event.target;
    if (!picker.matches("[data-picker][open]")) return;
    form.querySelectorAll("[data-picker][open]").forEach((other) => { if (other !== picker) other.open = false; });
    const search = picker.querySelector("[data-picker-search]");
    if (search && matchMedia("(pointer: fine)").matches) search.focus({ preventScroll: true });
  }, true);
  document.addEventListener("click", (event) => {
    form.querySelectorAll("[data-picker][open]").forEach((picker) => { if (!picker.contains(event.target)) picker.open = false; });
  });
  on("keydown", (event) => {
    const picker = event.target.closest("[data-picker][open]");
    if (!picker || event.key !== "Escape") return;
    picker.open = false;
    picker.querySelector("summary").focus();
    event.preventDefault();
  });
  on("keydown", (event) => { if (event.key === "Enter" && event.target.matches("[data-picker-search]")) event.preventDefault(); });

  /* -- the long list of fields, with a search: the select stays what is sent ----------------------------------------- */
  let open = null;
  const close = (withFocus) => {
    if (!open) return;
    const { box, select } = open;
    open = null;
    box.remove();
    select.removeAttribute("aria-expanded");
    if (withFocus) select.focus();
  };
  const line = (option, number) => {
    const item = document.createElement("li");
    item.className = "menu-item";
    item.id = `field-search-${number}`;
    item.role = "option";
    item.textContent = option.label;
    item.dataset.value = option.value;
    item.dataset.words = `${option.label} ${option.parentElement.label || ""}`.toLocaleLowerCase();
    item.setAttribute("aria-selected", String(option.selected));
    return item;
  };
  const headed = (group) => {
    const head = document.createElement("li");
    head.className = "menu-label";
    head.role = "presentation";
    head.textContent = group.label;
    return head;
  };
  const fill = (list, select) => {
    let number = 0;
    for (const part of select.children) {
      if (part.localName !== "optgroup") continue;
      list.append(headed(part), ...[...part.children].map((option) => line(option, number++)));
    }
  };
  const show = (select) => {
    close(false);
    const box = document.createElement("div");
    box.className = "menu field-search";
    const input = document.createElement("input");
    Object.assign(input, { type: "search", className: "input input-sm mb-1", placeholder: select.dataset.search, autocomplete: "off", role: "combobox" });
    input.setAttribute("aria-label", select.dataset.search);
    input.setAttribute("aria-controls", "field-search-list");
    input.setAttribute("aria-expanded", "true");
    const list = document.createElement("ul");
    list.id = "field-search-list";
    list.role = "listbox";
    list.setAttribute("aria-label", select.labels[0] ? select.labels[0].textContent : "");
    fill(list, select);
    box.append(input, list);
    document.body.append(box);
    open = { box, input, list, select };
    select.setAttribute("aria-expanded", "true");
    place(box, select.getBoundingClientRect());
    const current = list.querySelector('[aria-selected="true"]') || list.querySelector('[role="option"]');
    mark(current);
    input.focus();
    input.addEventListener("input", filter);
    input.addEventListener("keydown", steer);
    list.addEventListener("click", (event) => choose(event.target.closest('[role="option"]')));
  };
  const place = (box, anchor) => {
    const size = box.getBoundingClientRect();
    const below = anchor.bottom + 4 + size.height <= innerHeight - 8;
    box.style.top = `${Math.max(8, below ? anchor.bottom + 4 : anchor.top - 4 - size.height)}px`;
    box.style.left = `${Math.max(8, Math.min(anchor.left, innerWidth - size.width - 8))}px`;
  };
  const shown = () => [...open.list.querySelectorAll('[role="option"]')].filter((item) => !item.hidden);
  const mark = (item) => {
    open.list.querySelectorAll('[aria-selected="true"]').forEach((one) => one.setAttribute("aria-selected", "false"));
    if (!item) return open.input.removeAttribute("aria-activedescendant");
    item.setAttribute("aria-selected", "true");
    open.input.setAttribute("aria-activedescendant", item.id);
    return item.scrollIntoView({ block: "nearest" });
  };
  const filter = () => {
    const words = open.input.value.trim().toLocaleLowerCase().split(/\s+/);
    open.list.querySelectorAll('[role="option"]').forEach((item) => { item.hidden = !words.every((word) => item.dataset.words.includes(word)); });
    open.list.querySelectorAll(".menu-label").forEach((head) => {
      let item = head.nextElementSibling;
      while (item && item.hidden) item = item.nextElementSibling;
      head.hidden = !item || item.matches(".menu-label");
    });
    mark(shown()[0]);
  };
  const steer = (event) => {
    const items = shown();
    const at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && items.length) mark(items[(at + step + items.length) % items.length]);
    else if (event.key === "Enter") choose(items[at]);
    else if (event.key === "Escape") close(true);
    else if (event.key === "Tab") return close(false);
    else return undefined;
    return event.preventDefault();
  };
  const choose = (item) => {
    if (!item) return;
    const { select } = open;
    const isOther = select.value !== item.dataset.value;
    select.value = item.dataset.value;
    close(true);
    if (isOther) select.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const searched = (event) => event.target.closest("select[data-search]");
  on("mousedown", (event) => {
    if (!searched(event) || event.button || !matchMedia("(pointer: fine)").matches) return;
    event.preventDefault();
    show(searched(event));
  });
  on("keydown", (event) => {
    const opens = ["Enter", " ", "ArrowDown"].includes(event.key) || (event.key.length === 1 && !event.ctrlKey && !event.metaKey);
    if (!searched(event) || event.altKey || !opens) return;
    event.preventDefault();
    show(searched(event));
    if (event.key.length === 1 && event.key !== " ") { open.input.value = event.key; filter(); }
  });
  document.addEventListener("mousedown", (event) => { if (open && !open.box.contains(event.target) && event.target !== open.select) close(false); });
  addEventListener("resize", () => close(false));

  /* -- moving: Alt and arrows on a grip do what its menu does ------------------------------------------------------ */
  const ways = { ArrowUp: "up", ArrowDown: "down", ArrowRight: "in", ArrowLeft: "out" };
  on("keydown", (event) => {
    const grip = event.target.closest("[data-grip]");
    if (!grip || !event.altKey || !ways[event.key]) return;
    event.preventDefault();
    const way = grip.nextElementSibling.querySelector(`[value^="${ways[event.key]}:"]`);
    if (way) act(way.value);
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
    const grip = event.target.closest("[data-grip]");
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
    if (goal && event.type === "pointerup") act(`move:${node.dataset.node}:${goal.list.dataset.list}.${goal.at}`);
  };
  addEventListener("pointerup", drop);
  addEventListener("pointercancel", drop);
})();
