// What a form does better with JavaScript; all of it works without.
"use strict";

document.documentElement.classList.add("js");

// A second click does not send twice. The pages cached by "back" are made usable again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!("once" in form.dataset)) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-once]")) delete form.dataset.sent;
});

// Say that files are too large or too many before they are sent: a browser would forget them.
document.addEventListener("change", (event) => {
  const input = event.target;
  if (input.type !== "file" || !input.dataset.maxBytes) return;
  const large = [...input.files].find((file) => file.size > Number(input.dataset.maxBytes));
  const many = input.files.length > Number(input.dataset.maxFiles);
  const sentence = large ? input.dataset.tooLarge.replace("{name}", large.name)
    : many ? input.dataset.tooMany : "";
  input.setCustomValidity(sentence);
  if (sentence) input.reportValidity();
});
