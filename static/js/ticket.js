// A ticket's page looks for what is new while somebody looks at it.
"use strict";

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id === "news" && document.hidden) event.preventDefault();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) window.htmx?.trigger("#news", "look");
});

// The link has ended, or the ticket is another's now: there is nothing more to ask for.
document.addEventListener("htmx:responseError", (event) => {
  const gone = [404, 410].includes(event.detail.xhr.status);
  if (event.target.id === "news" && gone) event.target.remove();
});
