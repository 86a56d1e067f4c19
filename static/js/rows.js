// Lists of the secretariat by keyboard: J and K move, X ticks, O opens, / searches.
const rows = [...document.querySelectorAll("[data-row]")];
const form = document.querySelector("form[data-rows]");
let here = -1;

function go(to) {
  if (!rows.length) return;
  rows[here]?.classList.remove("now");
  here = Math.max(0, Math.min(rows.length - 1, to));
  rows[here].classList.add("now");
  rows[here].querySelector("[data-row-link]").focus();
  rows[here].scrollIntoView({ block: "nearest" });
}

function count() {
  const shown = form.querySelector("[data-rows-count]");
  const ticked = form.querySelectorAll('[name="chosen"]:checked').length;
  shown.textContent = ticked ? `${ticked} ${shown.dataset.say}` : "";
}

if (form) {
  form.querySelector("[data-rows-all]").addEventListener("change", (event) => {
    for (const box of form.querySelectorAll('[name="chosen"]')) box.checked = event.target.checked;
    count();
  });
  form.addEventListener("change", count);
  count();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=checkbox]), textarea, select")) return;
  const act = {
    j: () => go(here + 1),
    k: () => go(here - 1),
    o: () => rows[here]?.querySelector("[data-row-link]").click(),
    x: () => rows[here]?.querySelector('[name="chosen"]').click(),
    "/": () => document.getElementById("tim")?.focus(),
  }[event.key.toLowerCase()];
  if (act) {
    event.preventDefault();
    act();
  }
});
