// Work that goes on behind a page: its part is fetched anew every few seconds until it is done.
// Without this file one looks again by a link.

let place = document.querySelector("[data-refresh]");

async function look() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-refresh]");
    if (!fresh) {
      location.reload(); // done: the whole page has changed
      return;
    }
    // Whoever reads or types in it is not disturbed.
    if (!place.contains(document.activeElement)) {
      place.replaceWith(fresh);
      place = fresh;
    }
  } catch {
    // no connection: it is tried again
  }
  wait();
}

function wait() {
  setTimeout(look, Number(place.dataset.refresh) * 1000);
}

if (place) wait();
