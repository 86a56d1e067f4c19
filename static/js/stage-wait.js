// The page that waits for the ceremony: counts down, and opens the results when they are there.
// The server's time counts, not this device's. Not all halls ask in the same second.

const place = document.querySelector("[data-wait]");
const FIRST = 3000; // ms after the instant, at most, until this page asks
const AGAIN = [8000, 16_000]; // between further questions, while the results are not there
let ahead = 0; // ms that the device's clock is ahead of the server's
let until = 0;

function take(element) {
  until = Date.parse(element.dataset.until);
  ahead = Date.now() - Date.parse(element.dataset.now);
}

const left = () => until - (Date.now() - ahead);
const two = (number) => String(number).padStart(2, "0");

function tell() {
  const seconds = Math.max(0, Math.ceil(left() / 1000));
  const days = Math.floor(seconds / 86_400);
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(":");
  const told = seconds ? (days ? `${place.dataset.days.replace("{days}", days)}\n${clock}` : clock) : place.dataset.soon;
  if (place.textContent !== told) place.textContent = told;
}

async function ask() {
  try {
    const answer = await fetch(location.pathname, { cache: "no-store" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (page.querySelector("[data-acts]")) {
      location.reload();
      return;
    }
    const fresh = page.querySelector("[data-wait]");
    if (fresh) take(fresh);
  } catch {
    // no connection: asked again
  }
  plan(AGAIN[0] + Math.random() * (AGAIN[1] - AGAIN[0]));
}

// Timers are late on a device that slept, and their delay is limited: looked at in short steps.
function plan(after) {
  const due = Math.max(left(), 0) + after;
  setTimeout(() => (left() > 0 && due > 60_000 ? plan(Math.random() * FIRST) : ask()), Math.min(due, 60_000));
}

take(place);
tell();
setInterval(tell, 250);
plan(Math.random() * FIRST);
