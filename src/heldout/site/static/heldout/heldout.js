// Enhancements only: every page works without this file.
(() => {
  "use strict";

  // Times are written in the challenge's zone; show them in the reader's own, keep the other as a hint.
  const local = new Intl.DateTimeFormat(undefined, {
    dateStyle: "medium",
    timeStyle: "short",
  });
  const zone = new Intl.DateTimeFormat(undefined, { timeZoneName: "short" });
  const zoneName = (date) =>
    zone.formatToParts(date).find((part) => part.type === "timeZoneName").value;

  function localTimes(root) {
    for (const time of root.querySelectorAll("time[data-local]")) {
      const date = new Date(time.dateTime);
      time.title = time.textContent.trim();
      time.textContent = `${local.format(date)} ${zoneName(date)}`;
      time.removeAttribute("data-local");
    }
  }

  const sizes = ["B", "kB", "MB", "GB"];
  function readable(bytes) {
    const step = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), sizes.length - 1);
    return `${(bytes / 1000 ** step).toFixed(step ? 1 : 0)} ${sizes[step]}`;
  }

  function dropZone(zone) {
    const input = zone.querySelector("input[type=file]");
    const picked = zone.querySelector(".picked");
    const say = () => {
      picked.textContent = Array.from(input.files, (f) => `${f.name}, ${readable(f.size)}`).join("; ");
    };
    const over = (on) => (event) => {
      event.preventDefault();
      zone.classList.toggle("over", on);
    };
    input.addEventListener("change", say);
    zone.addEventListener("dragover", over(true));
    zone.addEventListener("dragleave", over(false));
    zone.addEventListener("drop", (event) => {
      over(false)(event);
      if (event.dataTransfer.files.length) {
        input.files = event.dataTransfer.files;
        say();
      }
    });
    zone.querySelector(".drop-hint").hidden = false;
  }

  function copyButton(button) {
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      await navigator.clipboard.writeText(source.textContent.trim());
      button.textContent = "Copied";
    });
  }

  function enhance(root) {
    localTimes(root);
    root.querySelectorAll("[data-copy]").forEach(copyButton);
    root.querySelectorAll(".drop").forEach(dropZone);
  }

  // A second press of a button must not send a form twice.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.sent;
  });

  document.addEventListener("DOMContentLoaded", () => enhance(document));
  document.addEventListener("htmx:load", (event) => {
    if (event.target !== document.body) enhance(event.target);
  });
})();
