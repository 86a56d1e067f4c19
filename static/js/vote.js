// The booth: shows the ballot filling, keeps choices while stories are read, stops at k choices.
// The server decides; without this file everything works, only less comfortably.

const form = document.querySelector("form[data-vote]");
if (form) {
  const most = Number(form.dataset.most);
  const boxes = [...form.querySelectorAll('input[name="pick"]')];
  const slots = [...form.querySelectorAll("[data-slots] i")];
  const filled = form.querySelector("[data-filled]");
  const key = `vote:${form.dataset.vote}`;

  const chosen = () => boxes.filter((box) => box.checked);

  const show = () => {
    const count = chosen().length;
    slots.forEach((slot, index) => slot.classList.toggle("full", index < count));
    for (const box of boxes) box.disabled = !box.checked && count >= most;
    const words = count === 0 ? filled.dataset.none : count >= most ? filled.dataset.full : filled.dataset.some;
    filled.textContent = words.replace("{}", count);
  };

  // One reads a story and comes back: this tab remembers, until the ballot is sent or another one stands.
  const remember = () => {
    try {
      sessionStorage.setItem(key, JSON.stringify({ signed: form.dataset.signed, picks: chosen().map((box) => box.value) }));
    } catch {
      // storage may be forbidden; then the page keeps what it holds and no more
    }
  };
  const forget = () => {
    try {
      sessionStorage.removeItem(key);
    } catch {
      // as above
    }
  };
  const recall = () => {
    try {
      const kept = JSON.parse(sessionStorage.getItem(key) ?? "null");
      if (kept?.signed !== form.dataset.signed || document.querySelector("main .errors")) return;
      for (const box of boxes) box.checked = kept.picks.includes(box.value);
    } catch {
      // unreadable: the page stands as it came
    }
  };

  form.addEventListener("change", () => {
    show();
    remember();
  });
  form.addEventListener("submit", forget);
  for (const other of document.querySelectorAll('main form:not([data-vote])')) other.addEventListener("submit", forget);
  // A browser that brings a page back brings its boxes back too, after this script has run.
  window.addEventListener("pageshow", show);

  recall();
  show();
}
