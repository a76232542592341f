/* Passkeys. A form says what it does: data-passkey="create" or "get"; its question is a JSON block on the page
 * (data-passkey-question="id") or comes from the form's own address (data-passkey-question="fetch").
 * The answer goes into the hidden field "credential", and the form is sent as any other. */
addEventListener("DOMContentLoaded", () => {
  "use strict";
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
  const withBytes = (listed) => (listed || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const question = async (form) => {
    if (form.dataset.passkeyQuestion !== "fetch") {
      return JSON.parse(document.getElementById(form.dataset.passkeyQuestion).textContent);
    }
    const response = await fetch(form.action, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(`The question answered ${response.status}.`);
    return response.json();
  };

  const create = async (form) => {
    const asked = (await question(form)).creation_options.publicKey;
    return navigator.credentials.create({ publicKey: {
      ...asked,
      challenge: bytes(asked.challenge),
      user: { ...asked.user, id: bytes(asked.user.id) },
      excludeCredentials: withBytes(asked.excludeCredentials),
    } });
  };

  const get = async (form) => {
    const asked = (await question(form)).request_options.publicKey;
    return navigator.credentials.get({ publicKey: {
      ...asked,
      challenge: bytes(asked.challenge),
      allowCredentials: withBytes(asked.allowCredentials),
    } });
  };

  const answer = (credential) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment || undefined,
      response,
      clientExtensionResults: credential.getClientExtensionResults(),
    });
  };

  const words = { NotAllowedError: "cancelled", AbortError: "cancelled", InvalidStateError: "known", SecurityError: "elsewhere" };
  const say = (form, error) => {
    const shown = form.querySelector("[data-passkey-said]");
    const kind = words[error.name] || "failed";
    shown.querySelector("[data-passkey-words]").textContent = shown.dataset[kind] || shown.dataset.failed;
    shown.hidden = false;
  };

  document.querySelectorAll("form[data-passkey]").forEach((form) => {
    const isAble = Boolean(window.PublicKeyCredential && navigator.credentials);
    form.querySelectorAll(isAble ? "[data-passkey-able]" : "[data-passkey-unable]").forEach((part) => { part.hidden = false; });
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      form.querySelector("[data-passkey-said]").hidden = true;
      try {
        const made = form.dataset.passkey === "create" ? await create(form) : await get(form);
        form.elements.credential.value = answer(made);
        form.submit();
      } catch (error) {
        say(form, error);
        delete form.dataset.sending; // app.js lets a form go out once
        form.querySelectorAll('[aria-busy="true"]').forEach((button) => button.removeAttribute("aria-busy"));
      }
    });
  });
});
