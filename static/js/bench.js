// The judge's sheet: sliders beside the numbers, a live total, saving as one goes, keys.
// Without this script the page works by its buttons. Marks changed in the judges' talk are sent by their
// button alone, with a reason: there is nothing to save as one goes.

const form = document.querySelector("form[data-bench]");
const words = form.dataset;
const inputs = [...form.querySelectorAll("[data-mark]")];
const remarks = [...form.querySelectorAll("[data-remark]")];
const state = form.querySelector("[data-saved]");
const version = form.querySelector("[name=version]");
const totals = document.querySelectorAll("[data-total]");
const missing = form.querySelector("[data-missing]");
const saving = Boolean(words.autosave);
const KEEP = `sheet:${words.sheet}`;
const comma = document.documentElement.lang === "en" ? "." : ",";

// Marks are counted in whole hundredths, so that 0.1 + 0.2 is 0.3.
function hundredths(text) {
  const typed = text.trim();
  if (!typed) return null;
  const parts = /^(\d{1,4})(?:[.,](\d{1,2}))?$/.exec(typed);
  return parts ? Number(parts[1]) * 100 + Number((parts[2] ?? "").padEnd(2, "0")) : NaN;
}
function shown(value) {
  const rest = String(value % 100).padStart(2, "0").replace(/0+$/, "");
  return String(Math.floor(value / 100)) + (rest && comma + rest);
}
function complaint(input) {
  const value = hundredths(input.value);
  if (value === null) return "";
  if (Number.isNaN(value)) return words.notNumber;
  const most = hundredths(input.dataset.max);
  const step = hundredths(input.dataset.step);
  if (value > most || value % step) return words.range.replace("%max", shown(most)).replace("%step", shown(step));
  return "";
}

function show(input) {
  const error = complaint(input);
  const crit = input.closest("[data-crit]");
  const place = crit.querySelector("[data-error]");
  place.textContent = "";
  if (error) {
    const line = document.createElement("p");
    line.className = "error";
    line.textContent = error;
    place.append(line);
  }
  crit.classList.toggle("bad", Boolean(error));
  crit.classList.toggle("todo", !input.value.trim());
  input.toggleAttribute("aria-invalid", Boolean(error));
  const slider = crit.querySelector("[data-slider]");
  const value = hundredths(input.value);
  if (slider) slider.value = Number.isNaN(value) || value === null ? 0 : value / 100;
  showBand(crit, error ? null : value);
  showNeed(input.id, error ? null : value);
}
// What the mark means, as one moves: the band that it lies in.
function showBand(crit, value) {
  const place = crit.querySelector("[data-band]");
  if (!place) return;
  let meaning = "";
  for (const band of crit.querySelectorAll("[data-from]")) {
    const reached = value !== null && hundredths(band.dataset.from) <= value;
    if (reached) meaning = band.querySelector("span").textContent;
    band.classList.remove("now");
    if (reached) {
      crit.querySelector(".now")?.classList.remove("now");
      band.classList.add("now");
    }
  }
  if (place.textContent !== meaning) place.textContent = meaning;
}
// Whether the rules ask for a comment with this mark. The server asks again when the sheet is made final.
function showNeed(id, value) {
  const remark = remarks.find((each) => each.dataset.remark === id);
  if (!remark) return;
  const { always, below, above } = remark.dataset;
  const needed =
    value !== null &&
    (always === "true" || (below && value < hundredths(below)) || (above && value > hundredths(above)));
  remark.required = Boolean(needed);
  remark.classList.toggle("needed", Boolean(needed) && !remark.value.trim());
}
function count() {
  let sum = 0;
  let left = 0;
  for (const input of inputs) {
    const value = hundredths(input.value);
    if (value === null || complaint(input)) left += 1;
    else sum += value;
  }
  for (const place of totals) place.textContent = shown(sum);
  missing.textContent = left ? missing.dataset.missing.replace("%n", left) : missing.dataset.complete;
}

// Saving: one request at a time; what was typed meanwhile goes with the next.
let dirty = false;
let busy = false;
let stopped = false;
let timer = 0;

function say(text, kind = "") {
  state.className = `small saved ${kind}`;
  state.textContent = text;
}
function stop(text, label) {
  stopped = true;
  say(text, "failed");
  const link = document.createElement("a");
  link.href = location.pathname + location.search;
  link.textContent = label;
  state.append(" ", link);
}
function keep() {
  const values = Object.fromEntries([...inputs, ...remarks, form.elements.comment].map((input) => [input.name, input.value]));
  try {
    localStorage.setItem(KEEP, JSON.stringify({ version: version.value, values }));
  } catch {
    // no storage: saving on the server is all there is
  }
}
function forget() {
  try {
    localStorage.removeItem(KEEP);
  } catch {
    // nothing was kept
  }
}
function later() {
  clearTimeout(timer);
  timer = setTimeout(save, 700);
}
function changed() {
  if (!saving) return;
  dirty = true;
  keep();
  if (stopped) return;
  say(words.unsaved, "pending");
  later();
}

let underway = Promise.resolve();
function save(how) {
  clearTimeout(timer);
  if (!saving || !dirty || busy || stopped) return;
  busy = true;
  underway = send(how);
}
async function send({ last = false } = {}) {
  dirty = false;
  if (!last) say(words.saving, "pending");
  try {
    const answer = await fetch(words.autosave, { method: "POST", body: new FormData(form), keepalive: last, redirect: "follow" });
    const json = (answer.headers.get("content-type") ?? "").includes("json");
    if (!json) {
      // The sign-in page instead of an answer: what was typed waits on this device.
      dirty = true;
      stop(words.signedOut, words.signIn);
    } else {
      const told = await answer.json();
      if (answer.ok) {
        version.value = told.version;
        if (!dirty) {
          forget();
          say(told.message, Object.keys(told.errors).length ? "failed" : "");
        } else keep();
      } else if (answer.status === 409) {
        // Another window was quicker: what was typed here is offered again beside what is there now.
        if (told.code === "sheet_changed") keep();
        else forget();
        stop(told.message, words.reload);
      } else say(told.message, "failed");
    }
  } catch {
    dirty = true;
    say(words.offline, "failed");
    setTimeout(save, 5000);
    busy = false;
    return;
  }
  busy = false;
  if (dirty && !stopped) later();
}

for (const input of inputs) {
  const slider = form.querySelector(`[data-slider="${CSS.escape(input.id)}"]`);
  slider?.addEventListener("input", () => {
    input.value = shown(Math.round(slider.value * 100));
    show(input);
    count();
    changed();
  });
  input.addEventListener("input", () => {
    show(input);
    count();
    changed();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    (inputs[inputs.indexOf(input) + 1] ?? form.elements.comment).focus();
  });
}
for (const remark of remarks)
  remark.addEventListener("input", () => {
    show(document.getElementById(remark.dataset.remark));
    changed();
  });
form.elements.comment.addEventListener("input", changed);
for (const box of form.querySelectorAll("[data-goes-along]")) box.addEventListener("change", changed);
form.addEventListener("focusout", () => save());
form.addEventListener("submit", (event) => {
  clearTimeout(timer);
  if (!busy) return;
  // The answer under way brings the version that this form has to send.
  event.preventDefault();
  event.stopPropagation();
  const button = event.submitter;
  underway.then(() => form.requestSubmit(button));
});
// On the window, after the question that the document asks before something final.
addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target !== form || !saving) return;
  stopped = true; // the page itself is being sent
  forget();
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") save({ last: true });
});
addEventListener("online", () => save());

// What was typed here while the sheet was changed elsewhere: shown, and put in only if the judge says so.
function bringUp(values) {
  const others = Object.entries(values).filter(([name, value]) => value && form.elements[name] && form.elements[name].value !== value);
  if (!others.length) {
    forget();
    return;
  }
  const box = document.createElement("div");
  box.className = "crit other";
  const told = document.createElement("p");
  told.textContent = words.other;
  const list = document.createElement("ul");
  for (const [name, value] of others) {
    const line = document.createElement("li");
    const label = form.querySelector(`label[for="${CSS.escape(form.elements[name].id)}"] span`);
    line.textContent = `${label?.textContent ?? ""}: ${value}`;
    list.append(line);
  }
  const actions = document.createElement("div");
  actions.className = "actions";
  for (const [label, put] of [[words.putIn, true], [words.leaveOut, false]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn small";
    button.textContent = label;
    button.addEventListener("click", () => {
      box.remove();
      forget();
      if (!put) return;
      for (const [name, value] of others) form.elements[name].value = value;
      for (const input of inputs) show(input);
      count();
      changed();
    });
    actions.append(button);
  }
  box.append(told, list, actions);
  form.querySelector("header").after(box);
}

// What was typed and never reached the server (a session that ended, a battery) comes back.
try {
  const kept = saving ? JSON.parse(localStorage.getItem(KEEP) ?? "null") : null;
  if (kept && kept.version === version.value) {
    let back = false;
    for (const [name, value] of Object.entries(kept.values)) {
      const input = form.elements[name];
      if (input && input.value !== value) {
        input.value = value;
        back = true;
      }
    }
    if (back) {
      changed();
      say(words.restored, "pending");
    } else forget();
  } else if (kept) bringUp(kept.values);
} catch {
  // unreadable: nothing to bring back
}
for (const input of inputs) if (input.value || input.closest(".bad") === null) show(input);
count();

// Keys. Single ones can be switched off (they get in the way of speech input).
const single = form.querySelector("[data-keys-on]") ?? document.createElement("input");
try {
  single.checked = localStorage.getItem("bench-keys") !== "off";
} catch {
  // on, and not remembered
}
single.addEventListener("change", () => {
  try {
    localStorage.setItem("bench-keys", single.checked ? "on" : "off");
  } catch {
    // for this page only
  }
});
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    event.preventDefault();
    form.querySelector("[data-final]")?.click();
    return;
  }
  const typing = event.target.closest?.("input:not([type=range]):not([type=checkbox]), textarea, select");
  if (event.ctrlKey || event.metaKey || event.altKey || typing || !single.checked) return;
  if (event.key === "?") {
    const list = form.querySelector(".keys details");
    list.open = !list.open;
    if (list.open) list.querySelector("summary").focus();
  } else if (/^[1-9]$/.test(event.key)) {
    inputs[Number(event.key) - 1]?.focus();
    event.preventDefault();
  } else {
    const target = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!target) return;
    event.preventDefault();
    if (target.dataset.key === "s") {
      dirty = true;
      save();
    } else target.click();
  }
});
