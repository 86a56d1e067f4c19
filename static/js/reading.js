// Reading beside the sheet: notes on the words that one selects, and the way between text and sheet on a phone.
// Without this script notes are written in the form under the text, and the way is a plain link.

const story = document.querySelector("#text");
const sheet = document.querySelector("#sheet");
const compose = document.querySelector("#note-compose");
const fresh = compose.querySelector("[data-note-new]");
const choice = fresh.querySelector("select");
const quote = fresh.querySelector('[name="note-quote"]');
const shownQuote = fresh.querySelector("[data-note-quote]");
const text = fresh.querySelector("textarea");
const close = compose.querySelector("[data-note-close]");
const home = document.createComment("where the form for notes stands");
compose.before(home);
const words = compose.dataset;
const KEEP = `note:${location.pathname.replace(/^\/en\//, "/")}`;

// The words noted on are marked in the text, where the browser can do that without changing it.
function rangeOf(block, phrase) {
  const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT, (node) =>
    node.parentElement.closest("[data-notes], #note-compose") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT,
  );
  const places = [];
  let letters = "";
  while (walker.nextNode()) {
    const node = walker.currentNode;
    for (let at = 0; at < node.data.length; at += 1) {
      // Blanks as the server keeps them: one between words, none twice.
      const blank = /\s/.test(node.data[at]);
      if (blank && (letters === "" || letters.endsWith(" "))) continue;
      letters += blank ? " " : node.data[at];
      places.push([node, at]);
    }
  }
  const from = letters.indexOf(phrase);
  if (from < 0) return null;
  const range = new Range();
  range.setStart(...places[from]);
  const [node, at] = places[from + phrase.length - 1];
  range.setEnd(node, at + 1);
  return range;
}
function mark() {
  if (!CSS.highlights) return;
  const ranges = [];
  for (const each of story.querySelectorAll("[data-quote]")) {
    const number = each.closest("[data-notes]").dataset.notes;
    const block = story.querySelector(`[data-block="${number}"]`);
    const range = block && rangeOf(block, each.textContent.trim());
    if (range) ranges.push(range);
  }
  CSS.highlights.set("noted", new Highlight(...ranges));
}

// What is selected, when it lies in one passage of the text.
function selected() {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  const element = (node) => (node.nodeType === Node.TEXT_NODE ? node.parentElement : node);
  if (!story.contains(range.commonAncestorContainer) || element(range.startContainer).closest("[data-notes]")) return null;
  const block = element(range.startContainer).closest("[data-block]");
  if (!block) return null;
  const end = element(range.endContainer).closest("[data-block]");
  let phrase = selection.toString();
  if (end !== block) {
    const rest = range.cloneRange();
    rest.setEndAfter(block.lastChild);
    phrase = rest.toString();
  }
  phrase = phrase.replace(/\s+/g, " ").trim().slice(0, 300).trim();
  return phrase ? { block, phrase } : null;
}
// Without a selection: the first passage that is in sight.
function inSight() {
  const blocks = [...story.querySelectorAll("[data-block]")];
  return blocks.find((block) => block.getBoundingClientRect().bottom > 80) ?? blocks.at(-1) ?? null;
}

function beside(block, node) {
  if (block.tagName === "LI") block.append(node);
  else block.after(node);
}
function putQuote(phrase) {
  quote.value = phrase;
  shownQuote.textContent = phrase;
  shownQuote.hidden = !phrase;
}
let before = null;
function open(found) {
  before = document.activeElement;
  const block = found?.block ?? inSight();
  if (block) {
    choice.value = block.dataset.block;
    beside(block, compose);
  }
  putQuote(found?.phrase ?? "");
  close.hidden = false;
  compose.classList.add("open");
  offer.hidden = true;
  text.focus();
  compose.scrollIntoView({ block: "nearest" });
}
function shut() {
  home.after(compose);
  close.hidden = true;
  compose.classList.remove("open");
  putQuote("");
  if (before?.isConnected) before.focus({ preventScroll: true });
}
choice.addEventListener("change", () => {
  // Another passage: the words that were quoted do not stand there.
  putQuote("");
  const block = story.querySelector(`[data-block="${choice.value}"]`);
  if (block && compose.classList.contains("open")) {
    beside(block, compose);
    choice.focus();
  }
});
close.addEventListener("click", shut);
document.querySelector("[data-note-open]").addEventListener("click", (event) => {
  event.preventDefault();
  open(selected());
});

// Selected words bring a button with them.
const offer = document.createElement("button");
offer.type = "button";
offer.className = "btn small primary offer no-print";
offer.textContent = words.offer;
offer.hidden = true;
offer.tabIndex = -1;
document.body.append(offer);
// Pressing it must not take the selection away first.
offer.addEventListener("pointerdown", (event) => event.preventDefault());
offer.addEventListener("click", () => open(selected()));
document.addEventListener("selectionchange", () => {
  const found = selected();
  offer.hidden = !found || compose.contains(document.activeElement);
  if (offer.hidden) return;
  const box = getSelection().getRangeAt(0).getBoundingClientRect();
  const room = document.documentElement.clientWidth - offer.offsetWidth - 8;
  offer.style.left = `${Math.max(8, Math.min(box.left, room)) + scrollX}px`;
  offer.style.top = `${box.bottom + 8 + scrollY}px`;
});

// Keeping a note without leaving the page. What cannot be sent stays in its field, and on this device.
function complain(fields, message) {
  const place = fields.querySelector("[data-error]");
  place.textContent = "";
  if (!message) return;
  const line = document.createElement("p");
  line.className = "error";
  line.setAttribute("role", "alert");
  line.textContent = message;
  place.append(line);
}
function put(number, html) {
  story.querySelector(`[data-notes="${number}"]`)?.remove();
  const block = story.querySelector(`[data-block="${number}"]`);
  const made = document.createElement("template");
  made.innerHTML = html; // the server's own template: what people typed is escaped in it
  const notes = made.content.firstElementChild;
  if (notes && block) beside(block, notes);
  mark();
  return notes;
}
async function send(button, fields) {
  const data = new FormData();
  data.set("csrf_token", sheet.querySelector('[name="csrf_token"]').value);
  data.set("act", button.value);
  for (const input of fields.querySelectorAll("[name]")) if (input.tagName !== "BUTTON") data.set(input.name, input.value);
  button.disabled = true;
  try {
    const answer = await fetch(button.formAction, { method: "POST", body: data, headers: { Accept: "application/json" } });
    if (!(answer.headers.get("content-type") ?? "").includes("json")) {
      complain(fields, words.signedOut);
      return;
    }
    const told = await answer.json();
    if (answer.ok) {
      if (fields === fresh) {
        text.value = "";
        complain(fields, "");
        forget();
        shut();
      }
      const notes = put(told.block, told.html);
      notes?.querySelector("[data-note]:last-of-type summary")?.focus({ preventScroll: true });
    } else if (fields === fresh || !told.html) complain(fields, told.message);
    else put(told.block, told.html)?.querySelector("details[open] textarea")?.focus();
  } catch {
    complain(fields, words.offline);
  } finally {
    button.disabled = false;
  }
}
// Before the document's own listeners, which are about sending the page.
addEventListener(
  "submit",
  (event) => {
    const fields = event.submitter?.closest("[data-note-fields]");
    if (!fields) return;
    event.preventDefault();
    event.stopPropagation();
    const question = event.submitter.dataset.confirm;
    if (!question || window.confirm(question)) send(event.submitter, fields);
  },
  true,
);
document.addEventListener("keydown", (event) => {
  const fields = event.target.closest?.("[data-note-fields]");
  if (fields && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    // The note, not the sheet.
    event.preventDefault();
    event.stopImmediatePropagation();
    fields.querySelector("button").click();
  } else if (event.key === "Escape" && compose.contains(event.target) && compose.classList.contains("open")) shut();
}, true);

// A note half written outlives a lost connection or a session that ended.
function forget() {
  try {
    localStorage.removeItem(KEEP);
  } catch {
    // nothing was kept
  }
}
text.addEventListener("input", () => {
  try {
    if (text.value) localStorage.setItem(KEEP, JSON.stringify([choice.value, quote.value, text.value]));
    else forget();
  } catch {
    // no storage: the field is all there is
  }
});
try {
  const kept = JSON.parse(localStorage.getItem(KEEP) ?? "null");
  if (kept && !text.value) {
    [choice.value, quote.value, text.value] = kept;
    putQuote(kept[1]);
  }
} catch {
  // unreadable: nothing to bring back
}

// Between text and sheet: back to the line where one left off.
let left = null;
for (const link of document.querySelectorAll("[data-to-sheet]"))
  link.addEventListener("click", () => {
    left = scrollY;
  });
document.querySelector("[data-to-text]").addEventListener("click", (event) => {
  event.preventDefault();
  const inText = document.activeElement.closest?.("#text");
  if (inText) {
    left = scrollY;
    (sheet.querySelector("[data-mark]") ?? sheet).focus();
    return;
  }
  document.querySelector("#text").focus({ preventScroll: true });
  if (left !== null) scrollTo(0, left);
  else document.querySelector("#text").scrollIntoView();
});

mark();
