"use strict";

// Whom one can mention: while an agent types "@na" in the composer, a list below it. Arrows choose,
// Enter or Tab takes, Escape closes. Without it, a name that was written is found all the same.
(() => {
    const form = document.querySelector("form[data-mentions]");
    const field = form && form.querySelector("textarea[name=text]");
    if (!field) {
        return;
    }
    const list = document.createElement("ul");
    list.id = "mention-list";
    list.className = "mention-list";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "People to mention");
    list.hidden = true;
    field.after(list);
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", list.id);

    let asked = 0, timer = 0, chosen = -1;
    const items = () => Array.from(list.children);

    // What stands between an @ and the cursor.
    function begun() {
        const before = field.value.slice(0, field.selectionStart);
        const match = /(?:^|[\s(])@([\p{L}\p{N}_.+'-]{0,40})$/u.exec(before);
        return match && field.selectionStart === field.selectionEnd ? match[1] : null;
    }

    function close() {
        asked += 1;
        list.hidden = true;
        list.replaceChildren();
        chosen = -1;
        field.removeAttribute("aria-activedescendant");
    }

    function choose(place) {
        chosen = place;
        items().forEach((item, at) => item.setAttribute("aria-selected", String(at === place)));
        field.setAttribute("aria-activedescendant", items()[place].id);
    }

    function take(item) {
        const start = field.selectionStart - begun().length;
        field.setRangeText(`${item.dataset.handle} `, start, field.selectionStart, "end");
        close();
        field.focus();
        field.dispatchEvent(new Event("input", { bubbles: true }));
    }

    function show(people) {
        list.replaceChildren(...people.map((person, at) => {
            const item = document.createElement("li");
            item.id = `mention-${at}`;
            item.setAttribute("role", "option");
            item.dataset.handle = person.handle;
            item.textContent = `${person.name} (@${person.handle})`;
            // Before the text loses the focus.
            item.addEventListener("mousedown", (event) => {
                event.preventDefault();
                take(item);
            });
            return item;
        }));
        list.hidden = false;
        choose(0);
    }

    async function ask(start) {
        const mine = asked += 1;
        try {
            const answer = await fetch(`${form.dataset.mentions}?q=${encodeURIComponent(start)}`);
            const people = answer.ok && !answer.redirected ? (await answer.json()).people : [];
            // An answer that comes late is about what is not there any more.
            if (mine === asked) {
                people.length && begun() !== null ? show(people) : close();
            }
        } catch {
            close(); // Offline: the name can be written by hand.
        }
    }

    field.addEventListener("input", () => {
        clearTimeout(timer);
        const start = begun();
        if (start === null) {
            close();
        } else {
            timer = setTimeout(ask, 120, start);
        }
    });
    field.addEventListener("blur", close);
    field.addEventListener("keydown", (event) => {
        if (list.hidden || event.ctrlKey || event.metaKey || event.altKey) {
            return;
        }
        const number = items().length;
        if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            choose((chosen + (event.key === "ArrowDown" ? 1 : number - 1)) % number);
        } else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey) {
            take(items()[chosen]);
        } else if (event.key === "Escape") {
            close();
        } else {
            return;
        }
        event.preventDefault();
        event.stopPropagation();
    });
})();
