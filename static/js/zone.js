// Tells the server the reader's time zone, so that it writes times in it.
"use strict";

(() => {
  const name = document.currentScript.dataset.cookie;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  const said = () => document.cookie.split("; ").includes(`${name}=${zone}`);
  if (!/^[\w+/-]+$/.test(zone) || said()) return;

  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;

  // On the first visit the page has come in another zone already. What is marked as times alone,
  // without anything to fill in, is asked for again, and with it the zone that the footer names.
  const marked = (page) => [...page.querySelectorAll("[data-times][id]")];
  if (!said() || !document.querySelector("main [data-times]")) return;
  fetch(location.href, { headers: { Accept: "text/html" } })
    .then((response) => (response.ok ? response.text() : Promise.reject(response.status)))
    .then((text) => {
      const fresh = new DOMParser().parseFromString(text, "text/html");
      for (const part of marked(document)) {
        const other = fresh.getElementById(part.id);
        if (other) part.textContent = other.textContent;
      }
    })
    .catch(() => {}); // The zone is named beside the times, so they are right as they are.
})();
