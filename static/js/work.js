// Where many codes are asked for, the page brings a sum for the browser to do: in a worker, from the
// moment the page is there, so that it is mostly done before the contact is typed. Without this file
// one waits in a line instead.

const form = document.querySelector("form[data-challenge]");

if (form && "Worker" in window) {
  const challenge = JSON.parse(form.dataset.challenge);
  const answer = form.elements.proof;
  const place = form.querySelector("[data-work]");
  const words = place.querySelector("[data-words]");
  const bar = place.querySelector("progress");
  const button = form.querySelector("button[type=submit], button:not([type])");
  const worker = new Worker(form.dataset.solver, { type: "module" });
  let asked = false;

  place.hidden = false;

  const give = () => {
    worker.terminate();
    // No answer can be had: the form goes as it is, and its owner waits in the line.
    place.hidden = true;
    if (asked) form.submit();
  };

  worker.onerror = give;
  worker.onmessage = ({ data }) => {
    if (data.part !== undefined) {
      bar.value = data.part;
      return;
    }
    if (!data.solution) return give();
    worker.terminate();
    answer.value = btoa(JSON.stringify({ challenge, solution: data.solution }));
    bar.value = 1;
    words.textContent = place.dataset.done;
    if (asked) form.submit();
  };
  form.addEventListener("submit", (event) => {
    if (answer.value || place.hidden) return;
    event.preventDefault();
    asked = true;
    button.disabled = true;
    words.textContent = place.dataset.waiting;
  });
  // A page that the browser brings back holds an answer that may be used up: the server says so then.
  window.addEventListener("pageshow", () => (button.disabled = false));
  worker.postMessage({ challenge, most: challenge.parameters.data.most });
}
