// Small helps on every page. Each page works without them.

// A destructive act asks once, naming the thing (data-confirm on its form or button).
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

// One press is one request: a form that was sent is not sent again by an impatient second press.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.dataset.repeatable !== undefined) return;
  if (form.dataset.sent !== undefined) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "";
  // A download, or a page that comes back from the back button, must not leave the form dead.
  setTimeout(() => delete form.dataset.sent, 4000);
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    const text = copy.querySelector("span");
    try {
      await navigator.clipboard.writeText(copy.dataset.copy);
      const before = text.textContent;
      text.textContent = copy.dataset.copied;
      setTimeout(() => (text.textContent = before), 2000);
    } catch {
      // No clipboard (plain http, an old phone): select the text, so that a long press copies it.
      const source = copy.parentElement.querySelector("[data-copy-source]");
      if (source) getSelection()?.selectAllChildren(source);
    }
  }
  if (event.target.closest("[data-print]")) window.print();

  // A menu closes when one presses elsewhere.
  for (const open of document.querySelectorAll("details.drop[open], details.why[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details.drop[open], details.why[open]");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});
