// Who else is at this ticket, and that we are: said every few seconds while the page is in view.
"use strict";

(() => {
  const region = document.querySelector("[data-presence]");
  if (!region) return;
  const every = Number(region.dataset.every) * 1000;
  // A pause of this length, and nobody is typing any more.
  const pause = 6000;
  let typedAt = -Infinity, toldAt = -Infinity, timer = 0;

  const isTyping = () => performance.now() - typedAt < pause;
  const form = (name) => {
    const said = new FormData();
    said.set("csrfmiddlewaretoken", region.dataset.token);
    if (name) said.set(name, "1");
    return said;
  };
  const show = (others) => {
    const sentence = others.map((other) => `${other}.`).join(" ");
    // What has not changed is not read out again.
    if (region.textContent !== sentence) region.textContent = sentence;
  };

  async function speak() {
    clearTimeout(timer);
    if (document.hidden) return;
    timer = setTimeout(speak, every);
    toldAt = performance.now();
    try {
      const answer = await fetch(region.dataset.presence, { method: "POST", body: form(isTyping() && "typing") });
      // Signed out, or the ticket is hidden from us by now: there is nobody to ask.
      if (answer.redirected || [403, 404].includes(answer.status)) return clearTimeout(timer);
      if (answer.ok) show((await answer.json()).others);
    } catch {
      show([]); // Offline: we do not know, and try again.
    }
  }
  const leave = () => {
    clearTimeout(timer);
    navigator.sendBeacon(region.dataset.presence, form("leaving"));
  };

  document.addEventListener("input", (event) => {
    if (!event.target.closest("#composer textarea")) return;
    const begins = !isTyping();
    typedAt = performance.now();
    if (begins && typedAt - toldAt > 1000) speak();
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : speak()));
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", (event) => event.persisted && speak());
  speak();
})();
