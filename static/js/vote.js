// The booth: shows the ballot filling, keeps choices while stories are read, stops at k choices.
// The server decides; without this file everything works, only less comfortably.

const stored = (key) => {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "null");
  } catch {
    return null; // forbidden or unreadable: the page stands as it came
  }
};
const forget = (key) => {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // storage may be forbidden; then nothing was kept
  }
};

const form = document.querySelector("form[data-vote]");
if (form) {
  const most = Number(form.dataset.most);
  const mostOfOne = Number(form.dataset.mostOfOne ?? most);
  const boxes = [...form.querySelectorAll('input[name="pick"]')];
  const slots = [...form.querySelectorAll("[data-slots] i")];
  const filled = form.querySelector("[data-filled]");
  const key = `vote:${form.dataset.vote}`;

  const chosen = () => boxes.filter((box) => box.checked);

  const show = () => {
    const picked = chosen();
    const ofOne = (box) => picked.filter((each) => each.dataset.category === box.dataset.category).length;
    slots.forEach((slot, index) => slot.classList.toggle("full", index < picked.length));
    for (const box of boxes) box.disabled = !box.checked && (picked.length >= most || ofOne(box) >= mostOfOne);
    if (!filled) return;
    const words = picked.length === 0 ? filled.dataset.none : picked.length >= most ? filled.dataset.full : filled.dataset.some;
    filled.textContent = words.replace("{}", picked.length);
  };

  // One reads a story and comes back: this tab remembers, until the ballot is sent or another one stands.
  const remember = () => {
    try {
      const picks = chosen().map((box) => box.value);
      sessionStorage.setItem(key, JSON.stringify({ signed: form.dataset.signed, picks }));
    } catch {
      // as above: then the page keeps what it holds and no more
    }
  };
  const recall = () => {
    const kept = stored(key);
    if (kept?.signed !== form.dataset.signed || document.querySelector("main .errors")) return;
    for (const box of boxes) box.checked = kept.picks.includes(box.value);
  };

  form.addEventListener("change", () => {
    show();
    remember();
  });
  form.addEventListener("submit", () => forget(key));
  for (const other of document.querySelectorAll("main form:not([data-vote])")) other.addEventListener("submit", () => forget(key));
  // A browser that brings a page back brings its boxes back too, after this script has run.
  window.addEventListener("pageshow", show);

  recall();
  show();
}

// The end of a story: choosing it takes along what this tab has chosen in the booth already.
const choose = document.querySelector("form[data-choose]");
choose?.addEventListener("submit", () => {
  const key = `vote:${choose.dataset.choose}`;
  const kept = stored(key);
  if (kept?.signed === choose.dataset.signed) {
    const add = (name, value) => choose.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    add("held", "1");
    for (const pick of kept.picks) add("pick", pick);
  }
  forget(key);
});
