// Runs the check beside the page, so that the page stays usable: fetches what was not given, then the steps.
import { Wrong, check } from "./verify-steps.js";
import { unzipped } from "./verify-zip.js";

const NAMES = ["key.txt", "checkpoints.txt", "log.jsonl", "openings.jsonl", "result.json"];
const OPTIONAL = ["openings.jsonl", "result.json"];
const MOST = 2 ** 31; // bytes that are kept at once

class Stopped extends Error {
  constructor(word, said = {}) {
    super(word);
    Object.assign(this, { word, said });
  }
}

async function fetched(name, url, room) {
  postMessage({ fetching: name, bytes: 0 });
  const answer = await fetch(url, { credentials: "omit", cache: "no-cache" }).catch(() => null);
  if (answer?.status === 404 && OPTIONAL.includes(name)) {
    return null;
  }
  if (!answer?.ok) {
    throw new Stopped("no_answer", { file: name });
  }
  const parts = [];
  let bytes = 0;
  const reader = answer.body.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new Stopped("no_answer", { file: name });
    });
    if (done) {
      return new File(parts, name);
    }
    bytes += value.length;
    if (bytes > room) {
      reader.cancel().catch(() => {});
      throw new Stopped("too_much");
    }
    parts.push(value);
    postMessage({ fetching: name, bytes });
  }
}

async function gathered(given, urls) {
  let files = {};
  for (const file of given) {
    if (file.name.endsWith(".zip")) {
      const found = await unzipped(file, NAMES, MOST);
      if (found === null) {
        throw new Stopped("no_zip");
      }
      files = { ...files, ...found };
    } else if (NAMES.includes(file.name)) {
      files[file.name] = file;
    }
  }
  let room = MOST;
  for (const name of NAMES) {
    // Before the announcement the page does not say where the opened files would be.
    if (!given.length && !files[name] && urls[name]) {
      const found = await fetched(name, urls[name], room);
      if (found !== null) {
        files[name] = found;
        room -= found.size;
      }
    }
    if (!files[name] && !OPTIONAL.includes(name)) {
      throw new Stopped("no_file", { file: name });
    }
  }
  return files;
}

function readReceipt(text) {
  try {
    return text.trim() ? JSON.parse(text) : null;
  } catch {
    return "";
  }
}

addEventListener("message", async ({ data }) => {
  const report = {};
  let last = 0;
  const told = (step, share) => {
    const now = performance.now();
    if (share === 0 || now - last > 100) {
      last = now;
      postMessage({ step, share });
    }
  };
  try {
    const files = await gathered(data.files, data.urls);
    await check(files, { receipt: readReceipt(data.receipt), told, report });
    postMessage({ report });
  } catch (error) {
    if (error instanceof Wrong) {
      postMessage({ report, wrong: { step: error.step, word: error.word, said: error.said } });
    } else if (error instanceof Stopped) {
      postMessage({ stopped: { word: error.word, said: error.said } });
    } else {
      postMessage({ stopped: { word: error instanceof RangeError ? "too_much" : "no_program", said: {} } });
    }
  }
});
