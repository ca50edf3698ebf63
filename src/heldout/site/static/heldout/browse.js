// Comfort for the browser of a data set: every page works without this file.
(() => {
  "use strict";

  // Two sliders for a range, on the scale of the column; what they say is written into the two fields.
  const STEPS = 1000;
  function sliders(fieldset) {
    const [low, high] = [Number(fieldset.dataset.low), Number(fieldset.dataset.high)];
    const log = "log" in fieldset.dataset;
    if ("calendar" in fieldset.dataset || !(high > low)) return;
    const there = (x) => (log ? Math.log(x / low) / Math.log(high / low) : (x - low) / (high - low));
    const back = (t) => (log ? low * (high / low) ** t : low + t * (high - low));
    const box = document.createElement("div");
    box.className = "sliders";
    fieldset.querySelectorAll(".range-ends input").forEach((field, place) => {
      const slider = document.createElement("input");
      slider.type = "range";
      slider.max = STEPS;
      slider.setAttribute("aria-label", `${fieldset.querySelector("legend").textContent}, ${place ? "at most" : "at least"}`);
      slider.value = field.value ? STEPS * there(Number(field.value)) : place * STEPS;
      slider.addEventListener("input", () => {
        const end = Number(slider.value) === place * STEPS;
        field.value = end ? "" : Number(back(slider.value / STEPS).toPrecision(3));
        slider.setAttribute("aria-valuetext", field.value || "no bound");
      });
      box.append(slider);
    });
    fieldset.querySelector(".range-ends").before(box);
  }

  // Addresses to share have no empty parameters.
  function tidy(form) {
    const without = (parameters) => {
      for (const [name, value] of [...parameters.entries()]) {
        if (!value && !name.startsWith("f.")) parameters.delete(name);
      }
    };
    form.addEventListener("htmx:configRequest", (event) => {
      if (event.detail.parameters instanceof FormData) without(event.detail.parameters);
      else for (const [name, value] of Object.entries(event.detail.parameters)) {
        if (!value && !name.startsWith("f.")) delete event.detail.parameters[name];
      }
    });
    form.addEventListener("formdata", (event) => without(event.formData));
    if ("plain" in form.dataset) form.addEventListener("change", () => form.requestSubmit());
    // On a phone the filters stand before the examples, so they begin closed.
    if (matchMedia("(max-width: 58rem)").matches && !form.dataset.opened) {
      form.querySelector(".browser-filters").open = false;
    }
  }

  function zoom(stage) {
    const controls = stage.querySelector("[data-zoom]");
    const [sheet, frame] = [stage.querySelector(".stage-sheet"), stage.querySelector(".stage-frame")];
    let factor = 1;
    controls.hidden = false;
    controls.addEventListener("click", (event) => {
      if (!event.target.dataset.by) return;
      const middle = [frame.scrollLeft + frame.clientWidth / 2, frame.scrollTop + frame.clientHeight / 2];
      const width = sheet.clientWidth;
      factor = Math.min(16, Math.max(1, factor * Number(event.target.dataset.by)));
      sheet.classList.toggle("zoomed", factor > 1);
      sheet.style.setProperty("--zoom", factor);
      const grown = sheet.clientWidth / width;
      frame.scrollTo(middle[0] * grown - frame.clientWidth / 2, middle[1] * grown - frame.clientHeight / 2);
    });
  }

  function legend(list) {
    for (const box of list.querySelectorAll("input")) {
      box.hidden = false;
      box.addEventListener("change", () => {
        for (const mark of document.querySelectorAll(".mark")) {
          if (mark.dataset.class === box.value) mark.classList.toggle("off", !box.checked);
        }
      });
    }
  }

  function pixels(form) {
    const image = document.querySelector(".stage-sheet img");
    document.querySelector("[data-pixels-hint]").hidden = false;
    image.addEventListener("click", (event) => {
      if (!form.closest("details").open) return;
      const box = image.getBoundingClientRect();
      const scale = image.getAttribute("width") / box.width;
      form.elements.x.value = Math.floor((event.clientX - box.left) * scale);
      form.elements.y.value = Math.floor((event.clientY - box.top) * scale);
      form.requestSubmit();
    });
  }

  // Arrow keys go from example to example, and about the grid.
  const keys = { ArrowLeft: "prev", ArrowRight: "next", ArrowUp: "up" };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea, [tabindex='0']");
    if (typing || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const card = event.target.closest(".cards li");
    if (card) {
      const step = { ArrowLeft: "previousElementSibling", ArrowRight: "nextElementSibling" }[event.key];
      card[step]?.querySelector("a").focus();
      return;
    }
    const link = keys[event.key] && document.querySelector(`nav[data-keys] a[rel=${keys[event.key]}]`);
    if (link) link.click();
  });

  function enhance(root) {
    const each = (selector, make) => {
      if (root.matches?.(selector)) make(root);
      root.querySelectorAll(selector).forEach(make);
    };
    each("[data-range]", sliders);
    each("form[data-filters]", tidy);
    each("[data-stage]", zoom);
    each("[data-legend]", legend);
    each("[data-pixels]", pixels);
  }

  document.addEventListener("DOMContentLoaded", () => enhance(document));
  document.addEventListener("htmx:load", (event) => {
    if (event.target !== document.body) enhance(event.target);
  });
})();
