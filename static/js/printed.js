// The rules as they would be printed follow what is typed. Nothing is kept: saving is the form's.
// Without this file the pane shows the rules as they were when the page was opened.

const pane = document.querySelector("[data-printed]");
const form = document.querySelector(".bench form[novalidate]");
let timer = 0;
let asked = 0;

async function show() {
  const turn = ++asked;
  try {
    const answer = await fetch(pane.dataset.printed, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { Accept: "text/html" },
    });
    if (!answer.ok || turn !== asked) return; // signed out, or something newer is on its way
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const sheet = pane.parentElement;
    const at = sheet.scrollTop;
    pane.replaceChildren(...fresh.body.childNodes);
    sheet.scrollTop = at;
  } catch {
    // no connection: the pane stays as it is until the next letter
  }
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(show, 500);
}

if (pane && form) {
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
}
