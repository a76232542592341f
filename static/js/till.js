/* The till: number pad, keys, a key per sale, the minute to undo. Every form works without. */
(() => {
  "use strict";
  const all = (selector, place = document) => [...place.querySelectorAll(selector)];
  const isSeen = (element) => Boolean(element && element.checkVisibility());
  const toEnd = (input) => input.setSelectionRange(input.value.length, input.value.length);

  /* -- number pad: types into the form's [data-pad-input], as a keyboard would ------------------------------------ */
  const type = (input, key) => {
    const start = input.selectionStart ?? input.value.length;
    const end = input.selectionEnd ?? input.value.length;
    if (key === "back") {
      const from = start === end ? Math.max(0, start - 1) : start;
      input.setRangeText("", from, end, "end");
    } else if (key.startsWith("+")) {
      // The country's prefix stands for the leading 0.
      input.value = input.value.startsWith(key) ? input.value : key + input.value.replace(/^0/, "");
      toEnd(input);
    } else if (input.value.length < input.maxLength) {
      input.setRangeText(key, start, end, "end");
    }
    input.focus({ preventScroll: true });
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const clear = (input) => {
    input.value = "";
    input.focus();
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const prepare = (form) => {
    const input = form.querySelector("[data-pad-input]");
    const pad = form.querySelector("[data-pad]");
    const clearing = form.querySelector("[data-pad-clear]");
    pad.hidden = false;
    // Our pad takes the place of the screen keyboard; a real keyboard still types.
    input.inputMode = "none";
    pad.addEventListener("click", (event) => {
      const button = event.target.closest("[data-key]");
      if (button) type(input, button.dataset.key);
    });
    if (clearing) {
      clearing.hidden = !input.value;
      clearing.addEventListener("click", () => clear(input));
      input.addEventListener("input", () => { clearing.hidden = !input.value; });
    }
    if (!isSeen(input)) return;
    input.focus({ preventScroll: true });
    toEnd(input);
  };
  all("[data-pad-form]").forEach(prepare);

  /* -- a key per sale, made here: every try of this form is the same sale ----------------------------------------- */
  all('input[name="key"]:not([data-given])').forEach((field) => {
    if (window.crypto && crypto.randomUUID) field.value = crypto.randomUUID();
  });

  /* -- undo: counts down, then goes ------------------------------------------------------------------------------- */
  all("[data-undo]").forEach((undo) => {
    const until = Date.now() + Number(undo.dataset.undo) * 1000;
    const left = undo.querySelector("[data-undo-left]");
    const tick = () => {
      const seconds = Math.ceil((until - Date.now()) / 1000);
      if (seconds <= 0) {
        clearInterval(timer);
        const hadFocus = undo.contains(document.activeElement);
        undo.remove();
        const next = document.querySelector("[data-autofocus], [data-pad-input]");
        if (hadFocus && next) next.focus({ preventScroll: true });
        return;
      }
      left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    };
    const timer = setInterval(tick, 500);
    tick();
  });

  const next = document.querySelector("[data-autofocus]");
  if (next) next.focus({ preventScroll: true });

  /* -- keys: digits go to the pad from anywhere; Esc clears, then leads back; letters press what carries them ------ */
  const OFF = "till-letters-off";
  const letters = document.querySelector("[data-till-letters]");
  const storage = (() => { try { return window.localStorage; } catch { return null; } })();
  if (letters) {
    letters.checked = !(storage && storage.getItem(OFF));
    letters.addEventListener("change", () => {
      if (!storage) return;
      if (letters.checked) storage.removeItem(OFF);
      else storage.setItem(OFF, "yes");
    });
  }
  const isTyping = (element) => element.matches("input:not([type=checkbox]), textarea, select") && !element.matches("[data-pad-input]");
  const press = (event, element) => { event.preventDefault(); element.click(); };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
    const pad = all("[data-pad-input]").find(isSeen);
    if (event.key === "Escape") {
      const back = all("[data-escape]").find(isSeen);
      if (pad && pad.value) { event.preventDefault(); clear(pad); } else if (back) press(event, back);
      return;
    }
    if (isTyping(event.target)) return;
    if (pad && event.target !== pad && /^[0-9]$/.test(event.key)) { event.preventDefault(); type(pad, event.key); return; }
    if (letters && !letters.checked) return;
    if (event.key === "?") {
      event.preventDefault();
      document.getElementById("till-keys").showModal();
      return;
    }
    const button = /^[a-z]$/i.test(event.key) && all(`[data-letter="${event.key.toLowerCase()}"]`).find(isSeen);
    if (button && !event.repeat) press(event, button);
  });

  const printing = document.querySelector("[data-print]");
  if (printing) {
    printing.hidden = false;
    printing.addEventListener("click", () => window.print());
  }

  /* A page that the browser kept must not be sent a second time as a new sale: load it afresh. */
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
