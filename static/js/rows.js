// The secretariat by keyboard. On lists J and K move, X ticks, O opens, / searches; elsewhere a key
// brings the focus to the element that names it in data-key; pressed again, it acts. ? shows the list of keys, where they can be switched off.
const rows = [...document.querySelectorAll("[data-row]")];
const form = document.querySelector("form[data-rows]");
const help = document.querySelector("[data-keys-help]");
const SWITCH = "single-keys";
let here = -1;

function stored() {
  try {
    return localStorage.getItem(SWITCH) !== "off";
  } catch {
    return true;
  }
}

let acting = stored();
const toggle = help?.querySelector("[data-keys-switch]");
if (toggle) {
  toggle.checked = acting;
  toggle.addEventListener("change", () => {
    acting = toggle.checked;
    try {
      localStorage.setItem(SWITCH, acting ? "on" : "off");
    } catch {
      // Private windows may keep nothing: the switch then holds for this page.
    }
  });
}

function go(to) {
  if (!rows.length) return;
  rows[here]?.classList.remove("now");
  here = Math.max(0, Math.min(rows.length - 1, to));
  rows[here].classList.add("now");
  rows[here].querySelector("[data-row-link]").focus();
  rows[here].scrollIntoView({ block: "nearest" });
}

function press(key) {
  const target = document.querySelector(`[data-key="${key}"]`);
  if (!target) return false;
  if (target.tagName === "SUMMARY") {
    target.parentElement.open = true;
    target.parentElement.querySelector("textarea, select, input:not([type=hidden])")?.focus();
    target.scrollIntoView({ block: "nearest" });
  } else if (target.tagName === "BUTTON") {
    // Focused first: what is about to happen can be read, and a key pressed by chance decides nothing.
    if (document.activeElement === target) target.click();
    else target.focus();
  } else {
    target.click();
  }
  return true;
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

// A wording that is chosen fills the text, where it can be changed before it is sent.
for (const choice of document.querySelectorAll("[data-fills]")) {
  const text = document.getElementById(choice.dataset.fills);
  choice.addEventListener("change", () => {
    const chosen = choice.selectedOptions[0]?.dataset.text;
    if (chosen) text.value = chosen;
  });
}

function showKeys() {
  help.open = !help.open;
  if (help.open) help.querySelector("summary").focus();
  return true;
}

const ACTS = {
  j: () => rows.length && (go(here + 1), true),
  k: () => rows.length && (go(here - 1), true),
  o: () => rows[here] && (rows[here].querySelector("[data-row-link]").click(), true),
  x: () => rows[here] && (rows[here].querySelector('[name="chosen"]').click(), true),
  "/": () => document.getElementById("tim")?.focus() ?? Boolean(document.getElementById("tim")),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
  const key = event.key.toLowerCase();
  // A key held down moves on; it does not decide.
  if (event.repeat && key !== "j" && key !== "k") return;
  const done = key === "?" ? help && showKeys() : acting && (ACTS[key] ? ACTS[key]() : /^[a-z]$/.test(key) && press(key));
  if (done) event.preventDefault();
});
