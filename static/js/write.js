// The writing desk: a live count, saving as one types, and a copy on this device while saving fails.
// The form works without any of it.
import { bodyOf, countWords } from "./words.js";

const form = document.querySelector("form[data-writing]");
const PAUSE = 1500; // ms without typing before a save
const RETRY = 8000; // ms before trying again after a failure

function groups(number) {
  return number.toLocaleString(document.documentElement.lang === "vi" ? "vi-VN" : "en-GB");
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  const known = document.querySelector("main use, header use").getAttribute("href");
  use.setAttribute("href", known.replace(/#.*$/, `#${name}`));
  svg.append(use);
  return svg;
}

// `text()` is the body: what is counted.
function counting(text) {
  const shown = form.querySelector("[data-word-count]");
  const note = form.querySelector("[data-word-note]");
  const [least, max, most] = ["least", "max", "most"].map((name) => Number(note.dataset[name]));
  const show = () => {
    const count = countWords(text());
    shown.textContent = groups(count);
    if (count && least && count < least) note.textContent = `(${note.dataset.sayFew} ${groups(least - count)})`;
    else if (most && count > most) note.textContent = `(${note.dataset.sayMany} ${groups(count - most)})`;
    else if (max && count > max) note.textContent = `(${note.dataset.sayOver})`;
    else note.textContent = "";
  };
  form.addEventListener("input", show);
  show();
  return show;
}

// What is typed, without what belongs to this page load alone.
function values() {
  const found = [...new FormData(form)].filter(([name]) => !["csrf_token", "version", "section"].includes(name));
  return found;
}

function saving() {
  const status = form.querySelector("[data-saved]");
  const key = `draft:${form.dataset.writing}:${form.dataset.section}`;
  const version = form.elements.version;
  let kept = JSON.stringify(values());
  let timer = 0;
  let busy = false;
  let stopped = false;

  const say = (kind, text, name = "") => {
    status.className = `saved ${kind}`;
    status.replaceChildren(...(name ? [icon(name)] : []), Object.assign(document.createElement("span"), { textContent: text }));
  };
  const remember = () => {
    try {
      localStorage.setItem(key, JSON.stringify({ at: Date.now(), values: values() }));
      return true;
    } catch {
      return false; // storage is forbidden or full: the page itself still holds the text
    }
  };
  const forget = () => {
    try {
      localStorage.removeItem(key);
    } catch {
      // nothing was stored
    }
  };
  const failed = (text) => {
    remember();
    say("failed", text, "warning");
  };
  const later = (wait) => {
    clearTimeout(timer);
    timer = setTimeout(save, wait);
  };
  const signedOut = () => {
    stopped = true;
    failed(form.dataset.saySignedOut);
    if (form.dataset.signin) {
      const link = Object.assign(document.createElement("a"), { href: form.dataset.signin, textContent: form.dataset.saySignin });
      status.append(" ", link);
    }
  };

  let underway = Promise.resolve();
  const save = () => (underway = attempt());

  async function attempt() {
    if (busy || stopped) return;
    const now = JSON.stringify(values());
    if (now === kept) return;
    busy = true;
    say("pending", form.dataset.saySaving);
    let answer;
    try {
      answer = await fetch(form.dataset.autosave, {
        method: "POST",
        body: new FormData(form),
        redirect: "manual",
        headers: { Accept: "application/json" },
      });
    } catch {
      busy = false;
      failed(form.dataset.sayLocal);
      later(RETRY);
      return;
    }
    busy = false;
    if (answer.type === "opaqueredirect") return signedOut();
    let told = null;
    try {
      told = await answer.json();
    } catch {
      told = null; // an error page: an expired form token, or the server is being restarted
    }
    if (answer.ok && told) {
      kept = now;
      version.value = told.version;
      checklist(told.items);
      if (told.now) deadline(told.now);
      if (JSON.stringify(values()) === now) {
        forget();
        say("", `${form.dataset.saySaved} ${told.at}`, "check");
      } else {
        // Typed while the answer was under way: that is not saved yet.
        say("pending", form.dataset.sayUnsaved);
        later(PAUSE);
      }
    } else if (answer.status === 409) {
      stopped = true;
      failed(told?.code === "version" ? form.dataset.sayConflict : told?.message ?? form.dataset.sayReload);
    } else if (answer.status === 422 && told) {
      // Refused as it stands (a hidden character, a text too long): said, and tried again after the next key.
      kept = now;
      failed(told.message);
    } else if (answer.status >= 500 || answer.status === 429) {
      failed(form.dataset.sayLocal);
      later(RETRY);
    } else {
      stopped = true;
      failed(form.dataset.sayReload);
    }
  }

  form.addEventListener("input", () => {
    if (stopped) {
      remember();
      return;
    }
    say("pending", form.dataset.sayUnsaved);
    later(PAUSE);
  });
  form.addEventListener("submit", (event) => {
    // Kept until the next page says that it was saved.
    clearTimeout(timer);
    remember();
    stopped = true;
    if (!busy) return;
    // The answer under way brings the version that this form has to send.
    event.preventDefault();
    event.stopPropagation();
    const button = event.submitter;
    underway.then(() => form.requestSubmit(button));
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && JSON.stringify(values()) !== kept) {
      remember();
      save();
    }
  });
  window.addEventListener("online", () => later(0));
  window.addEventListener("pageshow", () => (stopped = false));
  if (form.dataset.merged !== undefined) forget();
  return {
    /** The form stands as it came from the server: nothing of it needs saving. */
    settled: () => (kept = JSON.stringify(values())),
    offer: (editor) => offerLocalCopy(key, kept, forget, editor),
  };
}

// Time left by the server's clock: what it said, and what has passed here since.
let ticking = 0;
function deadline(now) {
  const shown = document.querySelector("[data-deadline]");
  const left = shown?.querySelector("b");
  if (!left) return;
  clearInterval(ticking);
  const ends = Date.parse(shown.dataset.deadline);
  const said = Date.parse(now);
  const since = performance.now();
  const words = (number, unit) =>
    new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit, unitDisplay: "long" }).format(number);
  const tick = () => {
    const seconds = Math.ceil((ends - said - (performance.now() - since)) / 1000);
    if (seconds <= 0) {
      left.textContent = shown.dataset.sayClosed;
      clearInterval(ticking);
      return;
    }
    const parts = [
      [Math.floor(seconds / 86400), "day"],
      [Math.floor(seconds / 3600) % 24, "hour"],
      [Math.floor(seconds / 60) % 60, "minute"],
      [seconds % 60, "second"],
    ];
    const first = parts.findIndex(([number]) => number > 0);
    const text = parts.slice(first, first + 2).map(([number, unit]) => words(number, unit)).join(" ");
    left.textContent = shown.dataset.sayLeft.replace("%s", text);
  };
  tick();
  ticking = setInterval(tick, 1000);
}

function checklist(items) {
  const list = document.querySelector("[data-checklist]");
  if (!list || list.children.length !== items.length) return;
  items.forEach((item, index) => {
    const line = list.children[index];
    const done = !item.message;
    line.className = done ? "done" : "todo";
    line.querySelector("svg").replaceWith(icon(done ? "check" : "forward"));
    const text = document.createElement("span");
    if (done) text.textContent = item.label;
    else {
      text.append(
        Object.assign(document.createElement("a"), { href: item.url, textContent: item.label }),
        document.createElement("br"),
        Object.assign(document.createElement("span"), { className: "small muted", textContent: item.message }),
      );
    }
    line.lastElementChild.replaceWith(text);
  });
}

// A text that this device holds and the server does not: offered, never put in by itself.
function offerLocalCopy(key, kept, forget, editor) {
  const box = form.querySelector("[data-local-copy]");
  let copy = null;
  try {
    copy = JSON.parse(localStorage.getItem(key));
  } catch {
    copy = null;
  }
  if (!box || !copy?.values) return;
  // White space at the ends of lines is trimmed when saving: it makes no other text.
  const plain = (pairs) => JSON.stringify(pairs.map(([name, value]) => [name, String(value).replace(/\s+/gu, " ").trim()]));
  if (plain(copy.values) === plain(JSON.parse(kept))) {
    forget();
    return;
  }
  const at = new Date(copy.at);
  box.querySelector("[data-local-when]").textContent = at.toLocaleString(document.documentElement.lang);
  box.hidden = false;
  box.querySelector("[data-local-use]").addEventListener("click", () => {
    const byName = new Map(copy.values);
    const html = byName.get("html");
    if (editor && html !== undefined) editor.show(html);
    else if (editor && byName.has("body")) editor.showText(byName.get("body"));
    else if (html !== undefined) byName.set("body", wordsOf(html));
    for (const field of form.elements) {
      if (!field.name || ["csrf_token", "version", "section", "go", "html"].includes(field.name)) continue;
      if (field.type === "checkbox" || field.type === "radio") field.checked = byName.get(field.name) === field.value;
      else if (byName.has(field.name)) field.value = byName.get(field.name);
    }
    box.hidden = true;
    form.dispatchEvent(new Event("input", { bubbles: true }));
    form.querySelector("textarea")?.dispatchEvent(new Event("input", { bubbles: true }));
  });
  box.querySelector("[data-local-drop]").addEventListener("click", () => {
    forget();
    box.hidden = true;
  });
}

// The text of an editor's HTML, for a page on which the editor did not start: no word is lost.
function wordsOf(html) {
  const held = new DOMParser().parseFromString(html, "text/html");
  const blocks = [...held.body.querySelectorAll("p, h2, blockquote, li")].filter((each) => !each.querySelector("p, li"));
  return blocks.map((block) => block.textContent.trim()).filter(Boolean).join("\n\n");
}

// The legal representative is asked for as soon as the date of birth says so.
function guardian() {
  const box = document.querySelector("[data-guardian]");
  const parts = ["day", "month", "year"].map((name) => document.getElementById(`birth_date-${name}`));
  if (!box || parts.some((part) => !part)) return;
  const asked = !box.hidden;
  const show = () => {
    const [day, month, year] = parts.map((part) => Number(part.value));
    if (!day || !month || year < 1900) return;
    const comesOfAge = new Date(year + 18, month - 1, day);
    box.hidden = !(comesOfAge > new Date()) && !asked;
  };
  for (const part of parts) part.addEventListener("input", show);
}

// What is said about each photo is kept as one goes: the way on, another photo, or the save button of
// the next one must not lose it.
function keeping(forms) {
  let underway = Promise.resolve();
  let open = 0;

  const attend = (each) => {
    const status = each.querySelector("[data-saved]");
    const values = () => new URLSearchParams(new FormData(each)).toString();
    let kept = values();
    const say = (kind, text, name = "") => {
      status.className = `saved ${kind}`;
      status.replaceChildren(...(name ? [icon(name)] : []), Object.assign(document.createElement("span"), { textContent: text }));
    };
    const keep = async () => {
      const now = values();
      if (now === kept) return;
      say("pending", each.dataset.saySaving);
      const answer = await fetch(each.action, {
        method: "POST",
        body: new URLSearchParams(`${now}&act=keep`),
        redirect: "manual",
      }).catch(() => null);
      if (answer?.status !== 204) return say("failed", each.dataset.sayUnsaved, "warning");
      kept = now;
      say("", each.dataset.saySaved, "check");
    };
    each.addEventListener("change", () => {
      open += 1;
      underway = underway.then(keep).finally(() => (open -= 1));
    });
  };
  forms.forEach(attend);

  // Whoever leaves waits for what is on its way.
  document.addEventListener(
    "submit",
    (event) => {
      if (!open) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const { target, submitter } = event;
      underway.then(() => target.requestSubmit(submitter));
    },
    true,
  );
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!open || !link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    underway.then(() => link.click());
  });
}

keeping(document.querySelectorAll("form[data-keeping]"));

if (form) {
  const body = form.elements.body;
  let text = body ? () => bodyOf(body.value) : null;
  const count = body ? counting(() => text()) : () => {};
  const saver = saving();
  const told = document.querySelector("[data-deadline]");
  if (told) deadline(told.dataset.now);
  guardian();
  const changed = () => form.dispatchEvent(new Event("input", { bubbles: true }));
  // The editor is large and comes last; where it does not come, the textarea stays.
  const coming = form.querySelector("[data-editor]") ? import("./editor.js").then(({ start }) => start(form, changed)) : null;
  Promise.resolve(coming)
    .catch(() => null)
    .then((editor) => {
      if (editor) {
        text = editor.text;
        saver.settled();
        count();
      }
      saver.offer(editor);
    });
}

// A photo on its way: a phone on a slow line takes a while.
document.querySelector("form[data-uploading]")?.addEventListener("submit", (event) => {
  event.target.querySelector("button").setAttribute("aria-busy", "true");
});
