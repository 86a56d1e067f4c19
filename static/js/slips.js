// Keying slips in: Enter goes to the next slip, what a code means stands beside it, everything is kept as one goes.
// Without this script the page works by its buttons.
const form = document.querySelector("form[data-slips]");
const words = form.dataset;
const inputs = [...form.querySelectorAll("input[name^=s]")].filter((input) => /^s\d+$/.test(input.name));
const state = document.querySelector("[data-saved]");
const codes = [...document.querySelectorAll("[data-code]")].map((each) => each.dataset.code);
const SPOILT = new Set(["x", "hong", "-"]);
const waiting = new Set();
let timer = 0;
let sending = false;

const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/đ/g, "d");

function meaning(text) {
  const parts = folded(text).split(/[\s,;.+/]+/).filter(Boolean);
  if (!parts.length) return ["", false];
  if (parts.length === 1 && SPOILT.has(parts[0])) return [words.spoilt, false];
  const found = new Set();
  for (const part of parts.map((each) => each.toUpperCase())) {
    const meant = codes.includes(part) ? [part] : codes.filter((code) => code.startsWith(part));
    if (meant.length !== 1) return [meant.length ? words.ambiguous : words.unknown, true];
    found.add(meant[0]);
  }
  return found.size > Number(words.most) ? [words.tooMany, true] : [[...found].sort().join(" "), false];
}

function show(input) {
  const [text, wrong] = meaning(input.value);
  const output = input.parentElement.querySelector("output");
  output.value = text;
  output.classList.toggle("error", wrong);
  input.toggleAttribute("data-wrong", wrong);
}

async function send() {
  if (sending || !waiting.size) return;
  sending = true;
  const going = [...waiting];
  waiting.clear();
  const data = new URLSearchParams({ csrf_token: form.elements.csrf_token.value });
  for (const input of going) data.set(input.name, input.value);
  try {
    const answer = await fetch(words.slips, { method: "POST", body: data, headers: { "X-CSRFToken": form.elements.csrf_token.value } });
    state.textContent = (await answer.json()).message;
  } catch {
    for (const input of going) waiting.add(input);
    state.textContent = words.lost;
    timer = setTimeout(send, 5000);
  }
  sending = false;
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(send, 800);
}

inputs.forEach((input, at) => {
  show(input);
  input.addEventListener("input", () => {
    show(input);
    waiting.add(input);
    soon();
  });
  input.addEventListener("keydown", (event) => {
    const step = { Enter: event.shiftKey ? -1 : 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = inputs[at + step];
    if (next) {
      next.focus();
      next.select();
    } else if (step > 0) form.querySelector(".actions .primary").focus();
  });
});
document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && send());
(inputs.find((input) => input.getAttribute("aria-invalid")) ?? inputs.find((input) => !input.value))?.focus();
