// The page on which a reader checks a vote. All the work is done in verify-worker.js; this shows it.
const place = document.querySelector("#verify");
const form = document.querySelector("#verify-form");
const outcome = document.querySelector("#outcome");
const working = document.querySelector("#working");
const figures = document.querySelector("#figures");
const sentences = document.querySelector("#sentences").content;
let busy = false; // one check at a time
const steps = [...document.querySelectorAll("[data-step]")];

const format = new Intl.NumberFormat(document.documentElement.lang);
const shown = (value) => (typeof value === "number" ? format.format(value) : String(value));

// A sentence of the page, with what is put into it.
function say(word, said = {}) {
  const text = sentences.querySelector(`[data-word="${CSS.escape(word)}"]`)?.textContent ?? word;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in said ? shown(said[name]) : whole));
}

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

// A reason by the words of the page; one that it does not know stays the code that it is.
const because = (code) => (sentences.querySelector(`[data-word="${CSS.escape(`reason-${code}`)}"]`) ? say(`reason-${code}`) : code);

const KINDS = { ok: "done", bad: "todo", doing: "", later: "" };

function mark(step, kind, word) {
  step.className = KINDS[kind];
  step.querySelector(".icon").replaceWith(sentences.querySelector(`[data-icon="${kind}"] .icon`).cloneNode(true));
  step.querySelector("[data-state]").textContent = `· ${say(word)}`;
}

function reset() {
  outcome.hidden = true;
  figures.hidden = true;
  for (const step of steps) {
    step.className = "";
    step.querySelector("[data-state]").textContent = "";
  }
}

function tell(kind, title, lines) {
  const box = element("div", "", `notice ${kind}`);
  const inner = element("div", "");
  inner.append(element("b", title), ...lines.map((line) => element("p", line)));
  box.append(inner);
  outcome.replaceChildren(box);
  outcome.hidden = false;
  outcome.focus();
}

function progress(text, share) {
  working.hidden = false;
  working.querySelector("#doing").textContent = text;
  working.querySelector("#share").textContent = share === null ? "" : `${Math.round(share * 100)} %`;
  const bar = working.querySelector("progress");
  if (share === null) {
    bar.removeAttribute("value");
  } else {
    bar.value = share * 100;
  }
}

function showFigures({ tally }) {
  if (!tally) {
    return;
  }
  const list = element("ul", "", "stack-2");
  const aside = Object.entries(tally.set_aside).map(([reason, number]) => `${because(reason)}: ${shown(number)}`).join("; ");
  const rows = [
    [say("cast"), shown(tally.cast)],
    [say("valid"), shown(tally.valid)],
    [say("lapsed"), shown(tally.lapsed)],
    [say("aside"), aside || "0"],
  ];
  list.append(...rows.map(([name, value]) => element("li", `${name}: ${value}`)));
  const table = element("table", "", "table mt-5");
  table.append(element("caption", say("votes")));
  const head = table.createTHead().insertRow();
  head.append(element("th", say("entry")), element("th", say("number"), "n"));
  const body = table.createTBody();
  const votes = Object.entries(tally.votes).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  for (const [entry, number] of votes) {
    const row = body.insertRow();
    const link = element("a", entry);
    link.href = place.dataset.entry.replace(/_$/, encodeURIComponent(entry));
    const name = document.createElement("th");
    name.scope = "row";
    name.append(link);
    row.append(name, element("td", shown(number), "n num"));
  }
  const wrap = element("div", "", "tablewrap");
  wrap.tabIndex = 0;
  wrap.setAttribute("role", "region");
  wrap.setAttribute("aria-label", say("votes"));
  wrap.append(table);
  figures.replaceChildren(list, wrap);
  figures.hidden = false;
}

function finish({ report, wrong, stopped }) {
  working.hidden = true;
  busy = false;
  if (stopped) {
    for (const step of steps) {
      step.querySelector("[data-state]").textContent = "";
    }
    tell("bad", say("stopped"), [say(stopped.word, stopped.said)]);
    return;
  }
  for (const step of steps) {
    const name = step.dataset.step;
    if (report.held.includes(name)) {
      mark(step, "ok", "step_ok");
    } else if (wrong?.step === name) {
      mark(step, "bad", "step_bad");
    } else if (wrong) {
      mark(step, "later", "step_skipped");
    } else {
      mark(step, "later", name === "receipt" ? "step_own" : "step_later");
    }
  }
  if (wrong) {
    const step = steps.find((each) => each.dataset.step === wrong.step);
    tell("bad", say("fails"), [`${step.querySelector("b").textContent}: ${say(wrong.word, wrong.said)}`]);
    return;
  }
  const lines = [say("facts", report)];
  if (report.result?.departs.length) {
    lines.push(say("departs", { why: report.result.departs.map((each) => say(each)).join("; ") }));
  }
  if (report.receipt) {
    const { ballot, revision, last, aside } = report.receipt;
    lines.push(say("receipt_in", { ballot: ballot.match(/.{4}/g).join("-") }));
    if (last !== revision) {
      lines.push(say("receipt_later", { last }));
    }
    if (aside !== null) {
      lines.push(say("receipt_aside", { reason: because(aside) }));
    }
  }
  tell("ok", say(report.result ? "all_holds" : "so_far"), lines);
  showFigures(report);
}

function hear({ data }) {
  if (data.fetching) {
    const size = data.bytes ? ` · ${say("megabytes", { size: Math.ceil(data.bytes / 1e6) })}` : "";
    progress(say("fetching", { file: data.fetching }) + size, null);
  } else if (data.step) {
    const at = steps.findIndex((each) => each.dataset.step === data.step);
    steps.slice(0, at).forEach((each) => mark(each, "ok", "step_ok"));
    mark(steps[at], "doing", "step_doing");
    progress(steps[at].querySelector("b").textContent, data.share);
  } else {
    this.terminate();
    finish(data);
  }
}

async function receiptText() {
  const [file] = document.querySelector("#receipt-file").files;
  const typed = document.querySelector("#receipt").value;
  return typed.trim() || !file || file.size > 100000 ? typed : file.text();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (busy) {
    return;
  }
  busy = true;
  reset();
  const { key, checkpoints, log, openings, result } = place.dataset;
  const urls = {
    "key.txt": key, "checkpoints.txt": checkpoints, "log.jsonl": log, "openings.jsonl": openings, "result.json": result,
  };
  const receipt = await receiptText();
  let worker;
  try {
    worker = new Worker(place.dataset.worker, { type: "module" });
  } catch {
    finish({ stopped: { word: "no_program" } });
    return;
  }
  worker.addEventListener("message", hear);
  worker.addEventListener("error", () => finish({ stopped: { word: "no_program" } }));
  worker.postMessage({ files: [...document.querySelector("#files").files], urls, receipt });
});
