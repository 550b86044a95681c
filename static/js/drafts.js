// Keeps what is typed into a form with data-draft="its name" in this browser, until it was sent.
// Never kept: hidden fields, files, passwords, codes, and what is marked with data-no-draft.
"use strict";

(() => {
  const DAYS = 7;
  const KINDS = new Set(["text", "email", "tel", "url", "search", "number", "textarea", "select-one", "radio", "checkbox"]);
  const waiting = new Map();

  // The beginning of the path tells tickets apart; the rest of it may be a secret link.
  const place = location.pathname.split("/").slice(0, 3).join("/");
  const keyOf = (form, name = form.dataset.draft) => `draft ${name} ${place}`;
  // A choice that is always made, such as who reads a message: a draft changes it, and is more than it.
  const wins = (field) => "draftWins" in field.dataset;
  const isBox = (field) => field.type === "radio" || field.type === "checkbox";
  const fieldsOf = (form) => [...form.elements].filter((field) =>
    field.name && KINDS.has(field.type) && !field.readOnly && !field.disabled
    && !("noDraft" in field.dataset) && field.autocomplete !== "one-time-code");
  const said = (form) => fieldsOf(form)
    .filter((field) => (isBox(field) ? field.checked : field.value.trim()))
    .map((field) => [field.name, field.value]);

  // A browser may have no store, or a full one: then nothing is kept.
  function store(act) {
    try { return act(localStorage); } catch { return null; }
  }
  const forget = (key) => store((kept) => kept.removeItem(key));

  function keep(form) {
    clearTimeout(waiting.get(form));
    waiting.delete(form);
    const values = said(form);
    const isMore = fieldsOf(form).some((field) => !wins(field) && (isBox(field) ? field.checked : field.value.trim()));
    if (!isMore) return forget(keyOf(form));
    return store((kept) => kept.setItem(keyOf(form), JSON.stringify({ at: Date.now(), values })));
  }

  // Who signs in goes on with what he typed before: data-draft-before names that draft.
  function draftOf(form) {
    for (const name of [form.dataset.draft, form.dataset.draftBefore].filter(Boolean)) {
      const draft = store((kept) => JSON.parse(kept.getItem(keyOf(form, name))));
      if (name !== form.dataset.draft || !draft) forget(keyOf(form, name));
      if (draft && Date.now() - draft.at < DAYS * 86_400_000) return draft.values;
    }
    return [];
  }

  // Fills in what is empty alone: a page that came back with what was typed knows better.
  function restore(form) {
    const brought = [];
    for (const [name, value] of draftOf(form)) {
      const fields = fieldsOf(form).filter((field) => field.name === name);
      if (fields.some((field) => !wins(field) && (isBox(field) ? field.checked : field.value))) continue;
      const field = fields.find((one) => !isBox(one) || one.value === value);
      if (!field) continue;
      if (isBox(field)) field.checked = true;
      else field.value = value;
      brought.push(field);
    }
    for (const field of brought) {
      const kind = isBox(field) ? "change" : "input";
      field.dispatchEvent(new Event(kind, { bubbles: true })); // The promise, and similar tickets.
    }
    const place = form.querySelector("[data-kept]");
    if (brought.length && place) place.append(place.querySelector("template").content.cloneNode(true));
  }

  document.addEventListener("input", ({ target }) => {
    const form = target.form;
    if (!form || !("draft" in form.dataset)) return;
    clearTimeout(waiting.get(form));
    waiting.set(form, setTimeout(() => keep(form), 300));
  });
  window.addEventListener("pagehide", () => { for (const form of [...waiting.keys()]) keep(form); });

  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("[data-discard]");
    if (!button) return;
    const form = button.form;
    form.reset();
    keep(form);
    forget(keyOf(form));
    button.closest(".kept").remove();
    const first = fieldsOf(form)[0];
    first?.dispatchEvent(new Event("change", { bubbles: true }));
    first?.focus();
  });

  // A form is sent when the next page says so; a broken connection keeps the draft.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!("draft" in form.dataset)) return;
    keep(form);
    if (!event.defaultPrevented) store(() => sessionStorage.setItem("sent", keyOf(form)));
  });
  document.addEventListener("sent", ({ target }) => {
    if (!("draft" in target.dataset)) return;
    clearTimeout(waiting.get(target));
    waiting.delete(target);
    forget(keyOf(target));
  });
  document.addEventListener("DOMContentLoaded", () => {
    const sent = store(() => sessionStorage.getItem("sent"));
    store(() => sessionStorage.removeItem("sent"));
    if (sent && document.querySelector(".notice.success, [data-draft-sent]")) forget(sent);
    for (const form of document.querySelectorAll("form[data-draft]")) restore(form);
  });
})();
