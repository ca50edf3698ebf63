// Words typed into a long form stay in this browser until they are saved. The form works without.
(() => {
  "use strict";

  function keep(form) {
    const key = `draft:${form.dataset.draft}`;
    const fields = [...form.querySelectorAll("textarea")];
    const saved = Object.fromEntries(fields.map((field) => [field.name, field.defaultValue]));
    const note = form.querySelector("[data-restored]");
    const differ = (one, other) => one.trim() !== other.trim();
    const changed = () => fields.filter((field) => differ(field.value, saved[field.name]));
    let [draft, sending] = [{}, false];
    try {
      // The next section is shown only after the server has kept the one that was sent.
      const sent = sessionStorage.getItem("draft-sent");
      if (sent && sent !== key) localStorage.removeItem(sent);
      draft = JSON.parse(localStorage.getItem(key)) || {};
    } catch { /* Storage is off: nothing is kept, nothing is restored. */ }

    const store = () => {
      const found = Object.fromEntries(changed().map((field) => [field.name, field.value]));
      try {
        if (Object.keys(found).length) localStorage.setItem(key, JSON.stringify(found));
        else localStorage.removeItem(key);
      } catch { /* As above. */ }
    };
    for (const field of fields) {
      if (draft[field.name] !== undefined && differ(draft[field.name], field.value)) {
        field.value = draft[field.name];
        note.hidden = false;
      }
    }
    store();
    note.querySelector("button").addEventListener("click", () => {
      for (const field of fields) field.value = saved[field.name];
      note.hidden = true;
      store();
    });
    form.addEventListener("input", store);
    form.addEventListener("submit", () => {
      sending = true;
      try {
        sessionStorage.setItem("draft-sent", key);
      } catch { /* As above. */ }
    });
    addEventListener("beforeunload", (event) => {
      if (!sending && changed().length) event.preventDefault();
    });
    for (const button of form.querySelectorAll("[data-fill]")) {
      const field = document.getElementById(button.dataset.for);
      button.hidden = field.value.trim() !== "";
      field.addEventListener("input", () => { button.hidden = field.value.trim() !== ""; });
      button.addEventListener("click", () => {
        field.value = button.dataset.fill;
        field.focus();
        field.setSelectionRange(field.value.length, field.value.length);
        field.dispatchEvent(new Event("input", { bubbles: true }));
      });
    }
  }

  for (const form of document.querySelectorAll("form[data-draft]")) keep(form);
})();
