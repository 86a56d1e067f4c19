// The ceremony by keys: one step at a time, all of it in this page, so that no network is needed
// once it has loaded. Without this file the page is a plain list.

const acts = [...document.querySelectorAll("[data-act]")];
const help = document.querySelector("[data-help]");
const told = document.querySelector("[data-told]");
const counter = document.querySelector("[data-at]");
const ready = document.querySelector("[data-ready]");
const root = document.documentElement;
const PLACE = `stage:${location.pathname}`;
let at = 0;

function show(step) {
  at = Math.max(0, Math.min(acts.length - 1, step));
  for (const [number, act] of acts.entries()) act.toggleAttribute("data-on", number === at);
  counter.textContent = `${at + 1}/${acts.length}`;
  told.textContent = acts[at].innerText.replace(/\s+/g, " ").trim();
  // A page that is loaded again by mistake goes on where it was. (An address that changed would be a request.)
  try {
    sessionStorage.setItem(PLACE, at);
  } catch {
    // not remembered
  }
}

function begin() {
  let kept = 0;
  try {
    kept = Number(sessionStorage.getItem(PLACE));
  } catch {
    // from the beginning
  }
  show(location.hash ? Number(location.hash.slice(1)) - 1 || 0 : kept);
}

const full = () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else root.requestFullscreen?.().catch(() => {}); // a browser may forbid it: the page stays as it is
};
const black = () => root.toggleAttribute("data-black");
const explain = () => (help.open ? help.close() : help.showModal());
const deeds = {
  next: () => show(at + 1),
  back: () => show(at - 1),
  first: () => show(0),
  last: () => show(acts.length - 1),
  full,
  black,
  help: explain,
};
// Page Up and Page Down are what presenters' remote controls send, the full stop their black screen.
const KEYS = {
  ArrowRight: "next",
  ArrowDown: "next",
  PageDown: "next",
  Enter: "next",
  " ": "next",
  ArrowLeft: "back",
  ArrowUp: "back",
  PageUp: "back",
  Backspace: "back",
  Home: "first",
  End: "last",
  f: "full",
  b: "black",
  ".": "black",
  "?": "help",
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const deed = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  // A focused link or button is pressed by Enter and Space as everywhere.
  const pressed = event.key === "Enter" || event.key === " ";
  if (!deed || (help.open && deed !== "help") || (pressed && event.target.closest("a, button, summary"))) return;
  event.preventDefault();
  if (root.hasAttribute("data-black") && deed !== "black") {
    black(); // the first key after a black screen only brings the picture back
    return;
  }
  deeds[deed]();
});
document.querySelector("[data-keys]").addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (!button) return;
  deeds[button.dataset.do]();
  if (event.detail) button.blur(); // pressed by a pointer: Space and Enter go on with the prizes
});
addEventListener("hashchange", begin);
addEventListener("beforeunload", (event) => {
  if (at > 0 && at < acts.length - 1) event.preventDefault(); // asked once, in the middle of a ceremony
});

begin();

// What is not on the screen yet is fetched all the same: pictures, and the letters of both typefaces.
const words = document.querySelector("[data-acts]").textContent;
const faces = ['400 1em "Source Serif 4"', '400 1em "Be Vietnam Pro"', '600 1em "Be Vietnam Pro"'];
const pictures = [...document.images].map((image) => image.decode().catch(() => {}));
Promise.all([...pictures, ...faces.map((face) => document.fonts.load(face, words).catch(() => {}))]).then(() => {
  ready.textContent = ready.dataset.done;
  ready.toggleAttribute("data-loaded", true);
});
