/* The dialog that shows a new key: modal when scripts run, an open box without them; and its copy button. */
addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("dialog[data-open-now]").forEach((dialog) => {
    dialog.close();
    dialog.showModal();
    const value = dialog.querySelector("input[readonly]");
    if (value) value.select();
  });
});
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    if (!document.execCommand("copy")) return; // selected: Ctrl C does the rest
  }
  const said = document.getElementById(button.dataset.copySaid);
  said.textContent = said.dataset.said;
});
