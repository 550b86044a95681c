"use strict";

// The bell in the header: htmx fetches how many are unread and, when it is opened, the last ones.
// Here: open and close it by hand and by keyboard, the number in the tab's title, and its words for
// screen readers when there are more than before.
document.addEventListener("DOMContentLoaded", () => {
    const bell = document.getElementById("bell");
    if (!bell) {
        return;
    }
    const title = document.title;
    let known = null;

    const close = () => {
        bell.open = false;
    };

    bell.addEventListener("toggle", () => {
        if (bell.open) {
            window.htmx.trigger("#bell-list", "bell-opened");
        }
    });
    document.addEventListener("click", (event) => {
        if (bell.open && event.target.isConnected && !bell.contains(event.target)) {
            close();
        }
    });
    bell.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && bell.open) {
            event.stopPropagation();
            close();
            bell.querySelector("summary").focus();
        }
    });
    bell.addEventListener("focusout", (event) => {
        if (event.relatedTarget && !bell.contains(event.relatedTarget)) {
            close();
        }
    });

    document.addEventListener("htmx:afterSettle", () => {
        const badge = document.getElementById("bell-count");
        if (!badge || badge.dataset.count === undefined) {
            return;
        }
        const count = Number(badge.dataset.count);
        document.title = count ? `(${count}) ${title}` : title;
        if (known !== null && count > known) {
            document.getElementById("bell-said").textContent = `${count} unread notifications.`;
        }
        known = count;
    });
});
