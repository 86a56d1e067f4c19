// The judge's list: how long a sheet can be taken back, and choosing several to make final.
// Without this script the hour stands beside the button, and each box is ticked by hand.

// Counted from what the server said is left: the clock of this device does not matter.
const began = performance.now();
const clocks = [...document.querySelectorAll("[data-seconds]")];
function tick() {
  const gone = Math.floor((performance.now() - began) / 1000);
  for (const clock of clocks) {
    const left = Number(clock.dataset.seconds) - gone;
    clock.textContent = left > 0 ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : "";
    if (left <= 0) clock.closest("[data-undo]").hidden = true;
  }
}
if (clocks.length) {
  tick();
  setInterval(tick, 1000);
}

const all = document.querySelector("[data-pick-all]");
if (all) {
  const boxes = [...document.querySelectorAll('input[name="sheet"]')];
  const picked = document.querySelector("[data-picked]");
  const count = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    all.checked = chosen === boxes.length;
    all.indeterminate = chosen > 0 && chosen < boxes.length;
    picked.hidden = !chosen;
    picked.textContent = chosen;
  };
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    count();
  });
  for (const box of boxes) box.addEventListener("change", count);
  // The back button brings ticks back.
  window.addEventListener("pageshow", count);
}
