// The agents' page of a ticket: what it does better with JavaScript; all of it works without.
"use strict";

(() => {
  const composer = () => document.querySelector("[data-composer]");
  const textOf = (form) => form.querySelector("[data-composer-text]");
  const isEmpty = (form) => !textOf(form).value.trim();

  // --- The composer -----------------------------------------------------------------------------

  function arrange() {
    const form = composer();
    if (!form) return;
    for (const button of form.querySelectorAll("[data-needs-text]")) button.disabled = isEmpty(form);
    // To resolve takes no words; the button says whether any are sent.
    for (const words of form.querySelectorAll("[data-with-text]")) words.hidden = isEmpty(form);
    for (const words of form.querySelectorAll("[data-without-text]")) words.hidden = !isEmpty(form);
  }
  document.addEventListener("input", ({ target }) => { if (target.form === composer()) arrange(); });
  document.addEventListener("DOMContentLoaded", arrange);

  // A second press does not send twice; a page that comes back by "back" can be used again.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form !== composer() || event.defaultPrevented) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    form.classList.add("desk-sending");
  });
  window.addEventListener("pageshow", () => {
    const form = composer();
    if (!form) return;
    delete form.dataset.sent;
    form.classList.remove("desk-sending");
    arrange();
  });

  // "Reply" and the like: data-compose="customer" or "staff".
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-compose]");
    const form = composer();
    if (!link || !form) return;
    event.preventDefault();
    const says = form.querySelector(`[name=says][value=${link.dataset.compose}]`);
    if (says) {
      says.checked = true;
      says.dispatchEvent(new Event("change", { bubbles: true }));
    }
    form.scrollIntoView({ block: "nearest" });
    textOf(form).focus();
  });

  // --- Canned replies ---------------------------------------------------------------------------

  function insert(field, text) {
    field.focus();
    // So that the browser can take it back with "undo", where it still knows how.
    if (!document.execCommand?.("insertText", false, text)) {
      field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
  document.addEventListener("click", (event) => {
    const choice = event.target.closest?.("[data-canned]");
    const form = composer();
    if (!choice || !form) return;
    event.preventDefault();
    insert(textOf(form), choice.dataset.canned);
    choice.closest("details")?.removeAttribute("open");
    arrange();
  });
  // In the field: down leads into the list, Enter takes the first one and sends nothing.
  document.addEventListener("keydown", (event) => {
    const place = event.target.closest?.("[data-canned-place]");
    if (!place) return;
    const choices = [...place.querySelectorAll("[data-canned]")];
    const here = choices.indexOf(event.target);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && choices.length) {
      event.preventDefault();
      const next = here + step;
      (next < 0 ? place.querySelector("input[type=search]") : choices[Math.min(next, choices.length - 1)]).focus();
    } else if (event.key === "Enter" && event.target.type === "search") {
      event.preventDefault();
      choices[0]?.click();
    } else if (event.key === "Escape") {
      place.removeAttribute("open");
      textOf(composer())?.focus();
    }
  });

  // --- What comes by itself ---------------------------------------------------------------------

  // What somebody has open, or stands in, is left as it is.
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target } = event.detail;
    const isOpen = target.id === "ticket-actions" && target.querySelector("details[open]");
    const isHeld = target.contains(document.activeElement) && document.activeElement !== document.body;
    if (isOpen || isHeld) event.detail.shouldSwap = false;
  });

  // What is sent says up to where its writer knows the ticket (`seen`). With nothing written, that is
  // what the page shows; with something written, only once each new message has been in view.
  let looking = 0;

  function know(form, seen) {
    form.dataset.seen = seen;
    for (const each of [form, ...form.querySelectorAll("[formaction]")]) {
      const name = each === form ? "action" : "formaction";
      const address = new URL(each.getAttribute(name), location.href);
      address.searchParams.set("seen", seen);
      each.setAttribute(name, address.pathname + address.search);
    }
  }
  const isInView = (part) => {
    const { bottom } = part.getBoundingClientRect();
    return !document.hidden && bottom > 0 && bottom <= window.innerHeight;
  };
  function look() {
    const form = composer();
    const parts = [...document.querySelectorAll("#messages [data-unread]")];
    for (const part of parts.filter(isInView)) {
      // For two looks on end: nobody reads in an instant.
      if (part.dataset.unread === "once") part.removeAttribute("data-unread");
      else part.dataset.unread = "once";
    }
    if (document.querySelector("#messages [data-unread]")) return;
    clearInterval(looking);
    looking = 0;
    if (form && parts.length) know(form, document.getElementById("news")?.dataset.seen ?? form.dataset.seen);
  }
  function heed() {
    const news = document.getElementById("news");
    const form = composer();
    if (!news || !form) return;
    if (news.dataset.may !== form.dataset.may) sayMoved(news.dataset.status);
    if (Number(news.dataset.seen) <= Number(form.dataset.seen)) return;
    if (isEmpty(form)) {
      for (const part of document.querySelectorAll("#messages [data-unread]")) part.removeAttribute("data-unread");
      know(form, news.dataset.seen);
    } else if (!looking) looking = setInterval(look, 1500);
  }
  document.addEventListener("htmx:afterSettle", heed);

  // The buttons of the composer are those of the status that the page began with.
  function sayMoved(status) {
    const place = document.getElementById("moved");
    if (!place || place.dataset.status === status) return;
    place.dataset.status = status;
    const words = document.createElement("p");
    const again = document.createElement("a");
    words.className = "desk-bar desk-bar-calm";
    again.className = "desk-link";
    again.href = location.pathname + location.search;
    again.textContent = "Load the page again";
    words.append(`The status is "${status}" now, and other things can be done. `, again);
    place.replaceChildren(words);
  }

  // Who is signed out gets the page that asks who he is: what is typed here must outlive it.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    const asked = event.detail.pathInfo?.requestPath ?? event.detail.requestConfig?.path ?? "";
    if (!asked.includes("/ticket/") || !xhr.responseURL) return;
    if (new URL(xhr.responseURL).pathname === new URL(asked, location.href).pathname) return;
    event.detail.shouldSwap = false;
    if (event.target.id === "news") event.target.remove();
    const place = document.getElementById("moved");
    const words = document.createElement("p");
    words.className = "desk-bar desk-bar-late";
    words.textContent = "You are signed out. What you typed is kept in this browser: sign in again, and it is here.";
    place?.replaceChildren(words);
  });

  // A form that was fetched for an action that somebody has just opened: he goes on in it.
  const first = (part) => part.querySelector("input:not([type=hidden]), select, textarea");
  document.addEventListener("htmx:afterSettle", ({ target }) => {
    const details = target.closest?.("details[data-verb], details[data-canned-place]");
    if (details?.open && details.contains(document.activeElement)) first(details)?.focus();
  });
  document.addEventListener("toggle", ({ target }) => {
    if (target.open && target.matches?.("details[data-verb], details[data-canned-place]")) first(target)?.focus();
  }, true);
})();
