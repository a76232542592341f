/* The till: number pad, a key per sale, the minute to undo, the state of the connection. Every form works without. */
(() => {
  "use strict";

  /* -- number pad: types into the form's [data-pad-input], as a keyboard would ------------------------------------ */
  const form = document.querySelector("[data-pad-form]");
  const input = form && form.querySelector("[data-pad-input]");
  if (input) {
    const pad = form.querySelector("[data-pad]");
    const clear = form.querySelector("[data-pad-clear]");
    pad.hidden = false;
    // Our pad takes the place of the screen keyboard; a real keyboard still types.
    input.inputMode = "none";
    const tell = () => {
      if (clear) clear.hidden = !input.value;
      input.dispatchEvent(new Event("input", { bubbles: true }));
    };
    pad.addEventListener("click", (event) => {
      const button = event.target.closest("[data-key]");
      if (!button) return;
      const key = button.dataset.key;
      const start = input.selectionStart ?? input.value.length;
      const end = input.selectionEnd ?? input.value.length;
      if (key === "back") {
        const from = start === end ? Math.max(0, start - 1) : start;
        input.setRangeText("", from, end, "end");
      } else if (key.startsWith("+")) {
        // The country's prefix stands for the leading 0.
        input.value = input.value.startsWith(key) ? input.value : key + input.value.replace(/^0/, "");
        input.setSelectionRange(input.value.length, input.value.length);
      } else if (input.value.length < input.maxLength) {
        input.setRangeText(key, start, end, "end");
      }
      input.focus({ preventScroll: true });
      tell();
    });
    if (clear) {
      clear.hidden = !input.value;
      clear.addEventListener("click", () => { input.value = ""; input.focus(); tell(); });
      input.addEventListener("input", () => { clear.hidden = !input.value; });
    }
    input.focus({ preventScroll: true });
    input.setSelectionRange(input.value.length, input.value.length);
  }

  /* -- a key per sale, made here: every try of this form is the same sale ----------------------------------------- */
  document.querySelectorAll('input[name="key"]').forEach((field) => {
    if (window.crypto && crypto.randomUUID) field.value = crypto.randomUUID();
  });

  /* -- undo: counts down, then goes ------------------------------------------------------------------------------- */
  document.querySelectorAll("[data-undo]").forEach((undo) => {
    const until = Date.now() + Number(undo.dataset.undo) * 1000;
    const left = undo.querySelector("[data-undo-left]");
    const tick = () => {
      const seconds = Math.ceil((until - Date.now()) / 1000);
      if (seconds <= 0) { clearInterval(timer); undo.remove(); return; }
      left.textContent = `0:${String(seconds).padStart(2, "0")}`;
    };
    const timer = setInterval(tick, 500);
    tick();
  });

  const next = document.querySelector("[data-autofocus]");
  if (next) next.focus({ preventScroll: true });

  /* -- the connection --------------------------------------------------------------------------------------------- */
  const status = document.querySelector("[data-connection]");
  const show = () => {
    if (!status) return;
    const online = navigator.onLine;
    status.querySelector("[data-connection-text]").textContent = online ? status.dataset.online : status.dataset.offline;
    status.classList.toggle("text-warning", !online);
    status.querySelector("[data-connection-dot]").classList.toggle("text-success", online);
  };
  addEventListener("online", show);
  addEventListener("offline", show);
  show();

  /* A page that the browser kept must not be sent a second time as a new sale: load it afresh. */
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
