// Reading the files of a vote: lines without ever holding a whole file, canonical JSON, and what a leaf may be.
import { LONGEST } from "./verify-hash.js";

// Something does not hold. `word` names a sentence of the page, `said` is put into it.
export class Wrong extends Error {
  constructor(step, word, said = {}) {
    super(`${step}: ${word} ${JSON.stringify(said)}`);
    Object.assign(this, { step, word, said });
  }
}

// The lines of a file, many at a time and without their line feeds.
export async function* linesOf(file, step, told = () => {}) {
  const where = { file: file.name ?? "" };
  const reader = file.stream().getReader();
  let rest = new Uint8Array(0);
  let read = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        break;
      }
      read += value.length;
      const lines = [];
      let from = 0;
      for (let end = value.indexOf(10); end >= 0; end = value.indexOf(10, from)) {
        let line = value.subarray(from, end);
        if (rest.length) {
          line = joined(rest, line);
          rest = new Uint8Array(0);
        }
        if (line.length > LONGEST) {
          throw new Wrong(step, "long_line", where);
        }
        lines.push(line);
        from = end + 1;
      }
      rest = joined(rest, value.subarray(from));
      if (rest.length > LONGEST) {
        throw new Wrong(step, "long_line", where);
      }
      yield lines;
      told(read / file.size);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
  if (rest.length) {
    throw new Wrong(step, "no_line_feed", where);
  }
}

function joined(one, other) {
  const both = new Uint8Array(one.length + other.length);
  both.set(one, 0);
  both.set(other, one.length);
  return both;
}

// Text of single bytes, each as the character of its number.
export const plain = (bytes) => {
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + 4096));
  }
  return text;
};

const byCodePoint = (one, other) => {
  const [a, b] = [Array.from(one), Array.from(other)];
  for (let at = 0; at < a.length && at < b.length; at += 1) {
    if (a[at] !== b[at]) {
      return a[at].codePointAt(0) - b[at].codePointAt(0);
    }
  }
  return a.length - b.length;
};

const SHORT = { '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f", "\b": "\\b" };
const quoted = (text) =>
  `"${text.replace(/["\\]|[^ -~]/g, (unit) => SHORT[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)}"`;

const MOST = 999999999999;
const DEEPEST = 8;

// The one spelling of a value; undefined for what has none.
export function canonical(value, depth = 1) {
  if (value === null || typeof value === "boolean") {
    return String(value);
  }
  if (typeof value === "number") {
    return Number.isInteger(value) && value >= 0 && value <= MOST ? String(value) : undefined;
  }
  if (typeof value === "string") {
    return quoted(value);
  }
  if (depth > DEEPEST) {
    return undefined;
  }
  const parts = Array.isArray(value)
    ? value.map((each) => canonical(each, depth + 1))
    : Object.keys(value)
        .sort(byCodePoint)
        .map((key) => {
          const of = canonical(value[key], depth + 1);
          return of === undefined ? of : `${quoted(key)}:${of}`;
        });
  if (parts.includes(undefined)) {
    return undefined;
  }
  return Array.isArray(value) ? `[${parts.join(",")}]` : `{${parts.join(",")}}`;
}

// One object in its one spelling.
export function readObject(line, step, at) {
  const text = plain(line);
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Wrong(step, "not_canonical", { at });
  }
  if (value === null || typeof value !== "object" || Array.isArray(value) || canonical(value) !== text) {
    throw new Wrong(step, "not_canonical", { at });
  }
  return value;
}

export const isCount = (value, least = 0) => Number.isInteger(value) && value >= least && value <= MOST;
export const isPlace = (value) => isCount(value, 1);
const matches = (pattern) => (value) => typeof value === "string" && pattern.test(value);
export const isCode = matches(/^[0-9A-Za-z_.:-]{1,100}$/);
export const isHash = matches(/^[0-9a-f]{64}$/);
export const isBallot = matches(/^[2-9A-HJKMNP-Z]{16}$/);
const isInstant = matches(/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/);
export const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
// Codes are ASCII, so that JavaScript's own order is that of code points.
export const areCodes = (value, { sorted }) =>
  Array.isArray(value) &&
  value.every(isCode) &&
  new Set(value).size === value.length &&
  (!sorted || value.every((each, at) => at === 0 || value[at - 1] < each));

const TERMS = {
  rules: isHash,
  closes: isInstant,
  minimum: (value) => isCount(value),
  seats: (value) => isCount(value),
  tie_break: (value) => areCodes(value, { sorted: false }),
};
const DECIDED = { number: isPlace, reason: isCode };
const REVIEWED = { ...DECIDED, ballot: isBallot, role: isCode };
export const VOTED = { ballot: isBallot, revision: isPlace, tag: isHash, commitment: isHash };
const KINDS = new Map(
  Object.entries({
    open: {
      ...TERMS,
      v: (value) => value === 1,
      candidates: (value) =>
        isObject(value) &&
        Object.keys(value).length > 0 &&
        Object.entries(value).every(([id, category]) => isCode(id) && isCode(category)),
      scope: (value) => ["contest", "category", "day"].includes(value),
      choices_max: isPlace,
      choices_per_category: (value) => isCount(value),
      key: (value) => typeof value === "string",
    },
    ballot: VOTED,
    paper: { ballot: isBallot, batch: isCode, revision: (value) => value === 1, commitment: isHash },
    join: { ...DECIDED, candidate: isCode, category: isCode },
    stand: { ...DECIDED, candidate: isCode, stands: (value) => typeof value === "boolean" },
    amend: { ...DECIDED, ...TERMS },
    void: REVIEWED,
    admit: REVIEWED,
    close: { number: isPlace, ballots: (value) => isCount(value) },
  }),
);

export const hasKeys = (value, keys) =>
  Object.keys(value).length === keys.length && keys.every((key) => Object.hasOwn(value, key));

// A leaf by its shape alone.
export function readLeaf(line, at) {
  const leaf = readObject(line, "syntax", at);
  const shape = typeof leaf.kind === "string" ? KINDS.get(leaf.kind) : undefined;
  if (shape === undefined || !hasKeys(leaf, ["kind", "contest", ...Object.keys(shape)])) {
    throw new Wrong("syntax", "leaf_keys", { at });
  }
  for (const [key, holds] of [["contest", isCode], ...Object.entries(shape)]) {
    if (!holds(leaf[key])) {
      throw new Wrong("syntax", "leaf_value", { at, key });
    }
  }
  return leaf;
}

// A pattern of bytes that nearly every line has, read without making text of it. `parts`: texts that stand as
// they are, and names of what stands between them: "ballot", "hash", "number" or "codes".
export function matcher(...parts) {
  const pieces = parts.map((part) => (typeof part === "string" ? new TextEncoder().encode(part) : part));
  const letters = new Uint8Array(256);
  for (const letter of "23456789ABCDEFGHJKMNPQRSTUVWXYZ") {
    letters[letter.charCodeAt(0)] = 1;
  }
  const digits = new Int8Array(256).fill(-1);
  [..."0123456789abcdef"].forEach((letter, value) => {
    digits[letter.charCodeAt(0)] = value;
  });
  const readers = {
    ballot(line, from, out) {
      for (let at = from; at < from + 16; at += 1) {
        if (!letters[line[at]]) {
          return -1;
        }
      }
      out.ballot = line.subarray(from, from + 16);
      return from + 16;
    },
    hash(line, from, out, name) {
      const bytes = out[name];
      for (let at = 0; at < 32; at += 1) {
        const [high, low] = [digits[line[from + 2 * at]], digits[line[from + 2 * at + 1]]];
        if (!(high >= 0 && low >= 0)) {
          return -1;
        }
        bytes[at] = (high << 4) | low;
      }
      return from + 64;
    },
    number(line, from, out, name) {
      let [at, value] = [from, 0];
      while (at < line.length && line[at] >= 48 && line[at] <= 57 && at < from + 12) {
        value = value * 10 + line[at] - 48;
        at += 1;
      }
      out[name] = value;
      return at === from || line[from] === 48 ? -1 : at;
    },
    codes(line, from, out, name) {
      const end = line.indexOf(93, from); // ]
      if (end < 0) {
        return -1;
      }
      out[name] = plain(line.subarray(from, end));
      return end;
    },
  };
  return (line, out) => {
    let from = 0;
    for (const piece of pieces) {
      if (piece instanceof Uint8Array) {
        for (let at = 0; at < piece.length; at += 1) {
          if (line[from + at] !== piece[at]) {
            return false;
          }
        }
        from += piece.length;
      } else {
        from = readers[piece.as](line, from, out, piece.name);
        if (from < 0) {
          return false;
        }
      }
    }
    return from === line.length;
  };
}
