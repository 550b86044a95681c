"use strict";

// The list of tickets keeps itself up to date. htmx asks for its rows (templates/admin/tickets/
// ticket/rows.html); this puts what has come where it belongs, so that selection, focus and place
// stay. Rows change where they are at once; none moves, comes or goes under somebody's hands: while
// the pointer or the focus is on a row, or one is selected, a line above says what is new, and it
// is shown at a press, or by itself as soon as the hands are off.
(() => {
    let waiting = null;

    const holder = () => document.getElementById("queue-rows");
    const table = (root) => root.querySelector("#result_list");
    const rowsOf = (root) => Array.from(root.querySelectorAll("#result_list > tbody"));
    const boxes = () => Array.from(document.querySelectorAll("#result_list input.action-select"));

    // The admin's script for actions takes the boxes that there are; rows come and go here.
    const live = {
        get length() { return boxes().length; },
        forEach(each) { boxes().forEach(each); },
        [Symbol.iterator]() { return boxes()[Symbol.iterator](); },
    };
    const start = window.Actions;
    let isStarted = false;
    if (start) {
        window.Actions = (given, options) => {
            isStarted = true;
            start(live, options);
        };
    }

    function recount() {
        // What that script does when a page comes back from the browser's memory: count again.
        if (isStarted) {
            window.dispatchEvent(new Event("pageshow"));
        }
    }

    function isBusy() {
        const rows = holder();
        const points = matchMedia("(hover: hover)").matches && rows.querySelector("tbody:hover");
        return Boolean(points) || rows.contains(document.activeElement) || boxes().some((box) => box.checked);
    }

    function focusOf(rows) {
        const at = document.activeElement;
        const row = rows.contains(at) ? at.closest("tbody") : null;
        if (row === null) {
            return () => {};
        }
        const place = Array.from(row.querySelectorAll("a, button, input, [tabindex]")).indexOf(at);
        return () => {
            const now = document.getElementById(row.id);
            const again = now && now.querySelectorAll("a, button, input, [tabindex]")[place];
            if (again && again !== document.activeElement) {
                again.focus({ preventScroll: true });
            }
        };
    }

    // The cells of a row as they are now, without its box, which may be checked.
    function renew(row, fresh) {
        const cells = Array.from(row.rows[0].cells);
        Array.from(fresh.rows[0].cells).forEach((cell, place) => {
            const old = cells[place];
            if (!old) {
                row.rows[0].append(cell);
            } else if (!old.classList.contains("action-checkbox") && !old.isEqualNode(cell)) {
                old.replaceWith(cell);
            }
        });
    }

    function show(fresh) {
        const rows = holder();
        waiting = null;
        say("");
        if (!table(rows) || !table(fresh)) {
            rows.replaceChildren(...fresh.childNodes);
            rowsOf(rows).forEach(welcome);
            const parent = rows.closest(".result-list-wrapper");
            if (start && !isStarted && parent && boxes().length > 0) {
                window.Actions(live, { parent });
            }
        } else {
            const keepFocus = focusOf(rows);
            place(rows, fresh);
            keepFocus();
        }
        recount();
        document.dispatchEvent(new CustomEvent("queue:rows"));
    }

    // The rows in their new order; those that stay are the same elements, and what one looks at
    // stays at its height on the screen.
    function place(rows, fresh) {
        const old = new Map(rowsOf(rows).map((row) => [row.id, row]));
        const wanted = rowsOf(fresh).map((row) => {
            const mine = old.get(row.id);
            if (!mine) {
                welcome(row);
                return row;
            }
            renew(mine, row);
            mine.classList.remove("desk-row-gone");
            return mine;
        });
        const anchor = window.scrollY > 0 && wanted.find(
            (row) => old.has(row.id) && row.getBoundingClientRect().top >= 0,
        );
        const before = anchor && anchor.getBoundingClientRect().top;
        old.forEach((row) => wanted.includes(row) || row.remove());
        let last = table(rows).tHead;
        wanted.forEach((row) => {
            if (last.nextElementSibling !== row) {
                last.after(row);
            }
            last = row;
        });
        if (anchor) {
            window.scrollBy(0, anchor.getBoundingClientRect().top - before);
        }
    }

    function welcome(row) {
        row.classList.add("desk-row-new");
        row.addEventListener("change", (event) => {
            if (event.target.classList.contains("action-select")) {
                row.rows[0].classList.toggle("selected", event.target.checked);
                recount();
            }
        });
    }

    // What can be shown without moving anything; and in words, what cannot.
    function hint(fresh) {
        const rows = holder();
        const old = new Map(rowsOf(rows).map((row) => [row.id, row]));
        const next = rowsOf(fresh);
        const keepFocus = focusOf(rows);
        next.forEach((row) => old.has(row.id) && renew(old.get(row.id), row.cloneNode(true)));
        keepFocus();
        const ids = next.map((row) => row.id);
        const gone = Array.from(old.keys()).filter((id) => !ids.includes(id));
        old.forEach((row, id) => row.classList.toggle("desk-row-gone", gone.includes(id)));
        const added = ids.filter((id) => !old.has(id)).length;
        const stay = ids.filter((id) => old.has(id));
        const moved = Array.from(old.keys()).filter((id) => ids.includes(id)).join() !== stay.join();
        const news = [
            added ? `${added} new` : "",
            gone.length ? `${gone.length} not here any more` : "",
            moved ? "another order" : "",
        ].filter(Boolean);
        waiting = news.length ? fresh : null;
        say(news.length ? `The list has changed: ${news.join(", ")}.` : "", "Show");
    }

    function say(words, button = "") {
        const news = document.getElementById("queue-news");
        news.hidden = words === "";
        // The same words again would be read out again.
        if (news.dataset.words === words) {
            return;
        }
        news.dataset.words = words;
        news.replaceChildren(words);
        if (words && button) {
            const press = document.createElement("button");
            press.type = "button";
            press.className = "desk-button";
            press.textContent = button;
            press.addEventListener("click", () => waiting && show(waiting));
            news.append(" ", press);
        }
    }

    document.addEventListener("htmx:beforeSwap", (event) => {
        if (event.detail.target !== holder()) {
            return;
        }
        event.detail.shouldSwap = false;
        if (event.detail.xhr.status !== 200) {
            return;
        }
        const parsed = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
        const fresh = parsed.getElementById("queue-rows");
        if (!fresh) {
            say("The list is not up to date: sign in again, or load the page anew.");
            return;
        }
        // The next question is about what has been answered, shown or not.
        const seen = fresh.querySelector("#queue-seen");
        document.getElementById("queue-seen").value = seen.value;
        document.querySelectorAll("[data-list-total]").forEach((total) => {
            total.textContent = seen.dataset.total;
        });
        if (isBusy()) {
            hint(fresh);
        } else {
            show(fresh);
        }
    });

    // As soon as the hands are off: a moment later, for they may be on their way to the next row.
    let soon = 0;
    ["mouseout", "focusout", "change"].forEach((name) => document.addEventListener(name, () => {
        if (waiting) {
            clearTimeout(soon);
            soon = setTimeout(() => waiting && !isBusy() && show(waiting), 1500);
        }
    }));

    // One menu at a time, closed by Escape or a press beside it.
    const menus = () => Array.from(document.querySelectorAll(".desk-menu[open]"));
    document.addEventListener("click", (event) => menus().forEach((menu) => {
        if (!menu.contains(event.target)) {
            menu.open = false;
        }
    }));
    document.addEventListener("keydown", (event) => {
        if (event.key === "Escape") {
            menus().forEach((menu) => {
                menu.open = false;
                menu.querySelector("summary").focus();
            });
        }
    });
})();
