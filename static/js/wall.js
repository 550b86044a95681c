/* Countdowns, and the age of what the screen shows. Asking every 15 seconds is htmx's work: it goes
   on after a lost connection and after a restart of the server. */
(() => {
    const STALE = 45 * 1000;
    let updated = Date.now();
    let sentence = "";

    const clock = (time) => new Date(time).toLocaleTimeString([], { hour12: false });

    function span(milliseconds) {
        const seconds = Math.floor(Math.abs(milliseconds) / 1000);
        const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
        const two = (number) => String(number).padStart(2, "0");
        return days ? `${days} d ${hours} h` : `${two(hours)}:${two(minutes)}:${two(seconds % 60)}`;
    }

    function tick() {
        const now = Date.now();
        document.querySelectorAll("[data-due]").forEach((each) => {
            const left = Date.parse(each.dataset.due) - now;
            each.textContent = left < 0 ? `−${span(left)}` : span(left);
            each.classList.toggle("wall-over", left < 0);
        });
        const isStale = now - updated > STALE;
        const said = isStale ? `${sentence || "No connection"}: last updated ${clock(updated)}` : `Last updated ${clock(updated)}`;
        const news = document.getElementById("wall-news");
        if (news.textContent !== said) {
            news.textContent = said;
        }
        news.classList.toggle("wall-stale", isStale);
    }

    document.addEventListener("htmx:beforeSwap", (event) => {
        const xhr = event.detail.xhr;
        if (xhr.status === 204) {
            updated = Date.now();
        } else if (xhr.status === 200 && xhr.responseText.includes('id="wall-figures"')) {
            updated = Date.now();
            sentence = "";
        } else {
            // Such as the page to sign in: it has no place on the wall.
            event.detail.shouldSwap = false;
            sentence = xhr.status === 200 || xhr.status === 403 ? "Sign in again" : "The server has trouble";
        }
    });
    document.addEventListener("htmx:afterSwap", tick);
    document.addEventListener("htmx:sendError", () => { sentence = "No connection"; });
    setInterval(tick, 1000);
    tick();
})();
