// Rows of steps and conditions: shows the fields that count, adds rows and moves them.
"use strict";

const shown = (row) => row.querySelector(".desk-row-kind select")?.value ?? "";

function fit(row) {
  for (const field of row.querySelectorAll("[data-shown-for]")) {
    const kinds = field.dataset.shownFor.split(" ").filter(Boolean);
    field.hidden = !shown(row) || (kinds.length > 0 && !kinds.includes(shown(row)));
  }
}

function number(list) {
  [...list.children].forEach((row, index) => {
    row.querySelector("[data-row-number]").textContent = index + 1;
    row.querySelector("input[name$=-ORDER]").value = index + 1;
  });
}

function prepare(row) {
  row.querySelector("[data-row-order]").hidden = true;
  for (const button of row.querySelectorAll("[data-row-up], [data-row-down]")) button.hidden = false;
  fit(row);
}

function move(button) {
  const row = button.closest("[data-row]");
  const up = "rowUp" in button.dataset;
  const other = up ? row.previousElementSibling : row.nextElementSibling;
  if (!other) return;
  if (up) other.before(row);
  else other.after(row);
  number(row.parentElement);
  button.focus();
}

function add(rows) {
  const total = rows.querySelector("input[name$=-TOTAL_FORMS]");
  const list = rows.querySelector("[data-rows-list]");
  const markup = rows.querySelector("template").innerHTML.replaceAll("__prefix__", total.value);
  list.insertAdjacentHTML("beforeend", markup);
  total.value = Number(total.value) + 1;
  prepare(list.lastElementChild);
  number(list);
  list.lastElementChild.querySelector("select").focus();
}

// How long nobody did anything is asked of rules about that alone.
function askOfIdle(when) {
  for (const name of ["idle_hours", "idle_while_waiting"]) {
    const line = document.querySelector(`.field-${name}`);
    if (line) line.hidden = when.value !== "idle";
  }
}

document.addEventListener("DOMContentLoaded", () => {
  const when = document.querySelector("select[name=when]");
  if (when) {
    askOfIdle(when);
    when.addEventListener("change", () => askOfIdle(when));
  }
  for (const rows of document.querySelectorAll("[data-rows]")) {
    rows.querySelector("[data-rows-add]").hidden = false;
    const list = rows.querySelector("[data-rows-list]");
    for (const row of list.children) prepare(row);
    number(list);
    rows.addEventListener("change", (event) => {
      const row = event.target.closest("[data-row]");
      if (row && event.target.closest(".desk-row-kind")) fit(row);
    });
    rows.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      if ("rowsAdd" in button.dataset) add(rows);
      else move(button);
    });
  }
});
