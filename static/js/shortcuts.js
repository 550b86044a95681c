// The keys of the queue and of a ticket's page. Which there are stands in the dialog that "?" opens
// (tickets/admin/shortcuts.py); here is what the words in its rows mean.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const dialog = document.getElementById("keys");
  if (!dialog) return;
  const isOn = "on" in dialog.dataset;
  const keys = new Map();
  for (const row of dialog.querySelectorAll("[data-does]")) {
    for (const way of row.querySelectorAll("[data-way]")) keys.set(way.dataset.way, row);
  }
  const firsts = new Set([...keys.keys()].filter((way) => way.includes(" ")).map((way) => way.split(" ")[0]));
  let begun = "", begunAt = 0, current = "";

  const say = (words) => { document.getElementById("keys-said").textContent = words; };
  const composer = () => document.getElementById("composer");
  const text = () => composer()?.querySelector("textarea");

  // --- The rows of the queue: the link of the present one has the focus. ------------------------

  const link = (row) => row.querySelector("th a, td a");
  const rows = () => [...document.querySelectorAll("#result_list tr[data-ticket]")].filter(link);
  const number = (row) => row.dataset.ticket;
  const present = () => rows().findIndex((row) => row.contains(document.activeElement));
  function stand(row) {
    current = number(row);
    link(row).focus();
    row.scrollIntoView({ block: "nearest" });
  }
  // The rows come anew while somebody stands in them.
  document.addEventListener("htmx:afterSettle", () => {
    if (!current || document.activeElement !== document.body) return;
    const row = rows().find((one) => number(one) === current);
    if (row) link(row).focus();
  });

  // --- What a key does; false: nothing, so that the browser has it. -----------------------------

  const does = {
    row(step) {
      const all = rows();
      const here = present();
      if (!all.length) return false;
      const known = here >= 0 ? here : all.findIndex((row) => number(row) === current);
      const next = known < 0 ? 0 : known + Number(step);
      if (next >= 0 && next < all.length) stand(all[next]);
      else say(next < 0 ? "This is the first row." : "This is the last row of this page.");
    },
    follow() {
      const row = rows()[present()];
      if (!row) return false;
      const address = new URL(link(row).href);
      const page = Number(new URLSearchParams(location.search).get("p") || 1);
      address.searchParams.set("n", (Math.max(page, 1) - 1) * 50 + present());
      location.assign(address);
    },
    choose() {
      const box = rows()[present()]?.querySelector("input[type=checkbox]");
      if (!box) return say("Go to a row first.");
      box.click();
      say(box.checked ? "Chosen." : "Not chosen.");
    },
    reload: () => location.reload(),
    focus: (target) => one(target)?.focus(),
    press: (target) => one(target)?.click(),
    open(target) {
      const details = one(target);
      if (!details) return;
      details.open = true;
      details.scrollIntoView({ block: "nearest" });
      const field = details.querySelector("input:not([type=hidden]), select, textarea, button");
      (field ?? details.querySelector("summary")).focus();
    },
    ready(target) {
      choose("customer");
      one(target)?.focus();
    },
    write(reader) {
      if (!text()) return unable();
      if (!choose(reader)) return;
      composer().scrollIntoView({ block: "nearest" });
      text().focus();
    },
    send() {
      if (!composer()?.contains(document.activeElement)) return false;
      const isNote = composer().querySelector(".desk-says-note")?.checked ?? true;
      const button = [...composer().querySelectorAll("button[type=submit]")].find((it) =>
        (it.getAttribute("formaction") ?? composer().getAttribute("action")).includes(isNote ? "/note/" : "/reply/"));
      if (!button) return unable();
      button.click();
    },
    help: () => show(),
  };
  function unable() { say("This cannot be done to this ticket now."); }
  function one(target) {
    const found = document.querySelector(target);
    if (!found) unable();
    return found;
  }
  function choose(reader) {
    const says = composer()?.querySelector(`[name=says][value=${reader}]`);
    if (!says) {
      if (reader === "customer") unable();
      return reader !== "customer";
    }
    says.checked = true;
    says.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  }

  // --- Reading keys ----------------------------------------------------------------------------

  const writes = (it) => it.isContentEditable
    || it.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=submit], [type=button])");
  const name = (event) => (event.ctrlKey ? "Control+" : "") + (event.metaKey ? "Meta+" : "") + event.key;

  // Before the other keys of the admin, some of which are the same.
  window.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.altKey || document.querySelector("dialog[open]")) return;
    const target = event.target instanceof Element ? event.target : document.body;
    const way = name(event);
    const isHeld = event.ctrlKey || event.metaKey;
    if (writes(target)) {
      // Escape leaves a field, and only the next one leaves the page.
      if (event.key === "Escape" && isOn && composer()?.contains(target)) target.blur();
      if (!isHeld || !isOn) return;
    } else if (!isOn) {
      // Who has switched keys off has switched off those of the admin as well.
      if (!isHeld && event.key.length === 1) event.stopImmediatePropagation();
      return;
    }
    const sequence = begun && event.timeStamp - begunAt < 1500 ? `${begun} ${way}` : "";
    const row = keys.get(sequence) ?? keys.get(way);
    begun = "";
    if (!row && !sequence && firsts.has(way)) [begun, begunAt] = [way, event.timeStamp];
    else if (!row || isNative(target, way) || does[row.dataset.does](row.dataset.target) === false) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
  // Enter on a button or another link is that one's; arrows scroll while nobody stands in a row.
  function isNative(target, way) {
    if (way === "Enter") return target.closest("a, button, summary, input") !== null && present() < 0;
    if (way === "Escape") return document.querySelector("details[open] :focus") !== null;
    return way.startsWith("Arrow") && present() < 0;
  }

  // --- The dialog: it keeps the focus, and gives it back to where it was. ------------------------

  function show() {
    dialog.showModal();
    document.getElementById("keys-title").focus();
  }
  document.querySelector("[data-keys-open]")?.addEventListener("click", show);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

  // A refused act: first what came in between.
  document.getElementById("changes")?.focus();
});
