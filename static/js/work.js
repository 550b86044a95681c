// Shows the proof of work that a form asks for: begins when somebody begins to fill it in, and says so.
"use strict";

(() => {
  const FRESH = 8 * 60 * 1000; // A puzzle of ours is good for ten minutes.
  let running = null;
  let solvedAt = 0;

  const placeIn = (form) => form?.querySelector?.("[data-work]");
  const proofIn = (place) => place.querySelector("input[type=hidden]");
  const isSolved = (place) => Boolean(proofIn(place).value) && Date.now() - solvedAt < FRESH;

  function solved(parameters, place) {
    const worker = new Worker(place.dataset.finder);
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => (data.solution ? resolve(data.solution) : reject(data.error));
      worker.onerror = reject;
      worker.postMessage(parameters);
    }).finally(() => worker.terminate());
  }

  async function prove(place) {
    const status = place.querySelector("[role=status]");
    status.textContent = place.dataset.doing;
    try {
      const answer = await fetch(place.dataset.work, { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.status);
      const challenge = await answer.json();
      const solution = await solved(challenge.parameters, place);
      proofIn(place).value = btoa(JSON.stringify({ challenge, solution }));
      solvedAt = Date.now();
      status.textContent = place.dataset.done;
    } catch {
      status.textContent = place.dataset.failed;
    }
  }

  // One at a time, whoever asks.
  const proved = (place) => (running ??= prove(place).finally(() => (running = null)));

  document.addEventListener("focusin", (event) => {
    const place = placeIn(event.target.form);
    if (place && !isSolved(place)) proved(place);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const place = placeIn(form);
    if (!place || event.defaultPrevented || isSolved(place) || event.submitter?.formNoValidate) return;
    event.preventDefault();
    proved(place).then(() => {
      delete form.dataset.sent;
      if (isSolved(place)) form.requestSubmit(event.submitter);
      else place.scrollIntoView({ block: "center" });
    });
  });
  // A proof is good once: "back" to a page that was sent needs another.
  window.addEventListener("pageshow", (event) => {
    const place = document.querySelector("[data-work]");
    if (event.persisted && place) proofIn(place).value = "";
  });
})();
