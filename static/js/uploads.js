// Files: dropped or chosen, one after the other, listed and removed; and how much of them is sent.
"use strict";

(() => {
  const kept = new WeakMap(); // The files of each chooser, which by itself forgets the first ones.
  let arranging = false;

  const placeOf = (input) => input.closest("[data-files]");
  const inputIn = (part) => part?.querySelector("[data-files] input[type=file]");
  const say = (place, words) => { place.querySelector("[data-said]").textContent = words; };
  const isSame = (a) => (b) => a.name === b.name && a.size === b.size && a.lastModified === b.lastModified;
  const sizeOf = ({ size }) => {
    const [number, unit] = size < 1024 ? [size, "B"] : size < 1048576 ? [size / 1024, "KB"] : [size / 1048576, "MB"];
    return `${number.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 })} ${unit}`;
  };

  function line(input, file) {
    const { remove, removeOne, removed } = placeOf(input).dataset;
    const row = document.createElement("li");
    const [name, size, button] = ["span", "span", "button"].map((tag) => row.appendChild(document.createElement(tag)));
    [name.textContent, size.textContent, button.textContent] = [file.name, sizeOf(file), remove];
    size.className = "help";
    Object.assign(button, { type: "button", className: "quiet", ariaLabel: removeOne.replace("{name}", file.name) });
    button.addEventListener("click", () => {
      const place = [...row.parentNode.children].indexOf(row);
      arrange(input, kept.get(input).filter((other) => other !== file));
      say(placeOf(input), removed.replace("{name}", file.name));
      const left = placeOf(input).querySelectorAll("[data-list] button");
      (left[Math.min(place, left.length - 1)] ?? input).focus();
    });
    return row;
  }

  function arrange(input, files) {
    const all = new DataTransfer();
    const each = files.filter((file, place) => files.findIndex(isSame(file)) === place);
    for (const file of each) all.items.add(file);
    input.files = all.files;
    kept.set(input, each);
    const list = placeOf(input).querySelector("[data-list]");
    list.replaceChildren(...each.map((file) => line(input, file)));
    list.hidden = each.length === 0;
    say(placeOf(input), each.length ? placeOf(input).dataset.chosen.replace("{count}", each.length) : "");
    arranging = true;
    input.dispatchEvent(new Event("change", { bubbles: true })); // forms.js looks at the limits.
    arranging = false;
  }

  const add = (input, files) => arrange(input, [...(kept.get(input) ?? []), ...files]);

  document.addEventListener("change", (event) => {
    const input = event.target;
    if (arranging || input.type !== "file" || !placeOf(input)) return;
    event.stopPropagation();
    add(input, input.files);
  }, true);
  document.addEventListener("reset", (event) => {
    const input = inputIn(event.target);
    if (input) arrange(input, []);
  });

  // A file that misses the field must not take the place of the page, with all that was typed.
  const carriesFiles = (event) => Boolean(event.dataTransfer?.types.includes("Files"));
  for (const kind of ["dragover", "drop", "dragleave"]) {
    document.addEventListener(kind, (event) => {
      if (!carriesFiles(event) || !inputIn(document)) return;
      event.preventDefault();
      const place = event.target.closest?.("[data-files]");
      for (const each of document.querySelectorAll("[data-files]")) {
        each.classList.toggle("over", kind === "dragover" && each === place);
      }
      if (kind === "drop" && place) add(place.querySelector("input[type=file]"), event.dataTransfer.files);
    });
  }

  // A pasted picture, such as a screenshot, is a file; pasted words are words.
  document.addEventListener("paste", (event) => {
    const input = inputIn(event.target.form);
    const files = [...(event.clipboardData?.files ?? [])];
    if (!input || !files.length || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    add(input, files);
  });

  // The answer is the same page with what is wrong on it, or one that cannot take its place.
  function show(form, text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    const input = inputIn(page);
    const place = form.querySelector("[data-files]");
    if (!input) {
      const why = page.querySelector("h1")?.textContent.trim() ?? "?";
      say(place, place.dataset.refused.replace("{why}", why));
      return;
    }
    const files = kept.get(inputIn(form)) ?? [];
    document.title = page.title;
    document.querySelector("main").replaceWith(page.querySelector("main"));
    const main = document.querySelector("main");
    window.htmx?.process(main);
    for (const words of main.querySelectorAll("[data-lost-files]")) words.remove();
    add(inputIn(main), files); // A page that is loaded anew would have lost them.
    main.querySelector("[autofocus]")?.focus();
  }

  function send(form, submitter) {
    const place = form.querySelector("[data-files]");
    const data = new FormData(form);
    if (submitter?.name) data.append(submitter.name, submitter.value);
    const bar = document.createElement("progress");
    bar.ariaLabel = place.dataset.progress;
    place.append(bar);
    say(place, place.dataset.sending);
    const request = new XMLHttpRequest();
    request.upload.onprogress = ({ loaded, total }) => Object.assign(bar, { max: total, value: loaded });
    request.upload.onload = () => say(place, place.dataset.sent);
    request.onerror = () => say(place, place.dataset.broken);
    request.onload = () => {
      const next = request.getResponseHeader("X-Next");
      if (!next) return show(form, request.responseText);
      form.dispatchEvent(new Event("sent", { bubbles: true }));
      const same = new URL(next, location.href).pathname === location.pathname;
      location.assign(next);
      if (same) location.reload(); // Another fragment alone would not ask the server.
    };
    request.onloadend = () => {
      bar.remove();
      if (!request.getResponseHeader("X-Next")) delete form.dataset.sent;
    };
    request.open("POST", form.getAttribute("action") || location.href);
    request.setRequestHeader("X-Answer", "address");
    request.send(data);
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || event.submitter?.hasAttribute("formaction")) return;
    if (!inputIn(form)?.files.length || form.matches("[hx-post]")) return;
    event.preventDefault();
    send(form, event.submitter);
  });
})();
