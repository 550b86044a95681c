// The macros of a ticket: opened in a dialog, found by typing, pressed once.
"use strict";

function narrow(place) {
  const words = place.querySelector("[data-macro-search]").value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const item of place.querySelectorAll("[data-macro]")) {
    const text = item.dataset.macro.toLowerCase();
    item.hidden = !words.every((word) => text.includes(word));
    if (!item.hidden) shown += 1;
  }
  place.querySelector("[data-macro-none]").hidden = shown > 0 || words.length === 0;
}

function prepare(place, composer) {
  place.querySelector("[data-macro-find]").hidden = false;
  place.addEventListener("input", (event) => {
    if (event.target.matches("[data-macro-search]")) narrow(place);
  });
  place.addEventListener("submit", (event) => {
    // Pressed twice by a slip of the hand, it is done once.
    const form = event.target;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  if (!composer) return;
  for (const button of place.querySelectorAll("[data-macro-text]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      composer.value = [composer.value.trim(), button.dataset.macroText].filter(Boolean).join("\n\n");
      composer.dispatchEvent(new Event("input", { bubbles: true }));
      // A dialog that is closed gives the focus back to what opened it: after that.
      place.closest("dialog")?.addEventListener("close", () => composer.focus());
      place.closest("dialog")?.close();
    });
  }
}

async function open(link) {
  let dialog = document.querySelector("dialog[data-macros-dialog]");
  dialog?.remove();
  const answer = await fetch(link.href, { credentials: "same-origin" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const place = page.querySelector("#macros");
  // Signed out meanwhile, or the ticket is gone: the page itself says so.
  if (!place) {
    location.assign(link.href);
    return;
  }
  dialog = document.createElement("dialog");
  dialog.className = "desk-dialog";
  dialog.dataset.macrosDialog = "";
  dialog.setAttribute("aria-labelledby", "macros-title");
  const close = document.createElement("button");
  close.type = "button";
  close.className = "desk-button desk-dialog-close";
  close.textContent = "Close";
  close.addEventListener("click", () => dialog.close());
  dialog.append(document.adoptNode(place), close);
  dialog.addEventListener("close", () => link.focus());
  document.body.append(dialog);
  prepare(dialog, document.querySelector("#composer textarea[name=text]"));
  dialog.showModal();
  dialog.querySelector("[data-macro-search]").focus();
}

document.addEventListener("DOMContentLoaded", () => {
  const place = document.querySelector("#macros");
  if (place) prepare(place, null);
});
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-macros]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(link);
});
