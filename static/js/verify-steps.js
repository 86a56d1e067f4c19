// The check of a vote by its files alone: the steps of docs/ballot-log.md, from which this was written.
import { Tree, fromBase64, fromHex, hexOf, leafHash, same, sha256 } from "./verify-hash.js";
import { Keys, grown } from "./verify-keys.js";
import {
  VOTED, Wrong, areCodes, canonical, hasKeys, isCode, isCount, isHash, isObject, isPlace, linesOf, matcher, plain,
  readLeaf, readObject,
} from "./verify-read.js";
import { signerOf } from "./verify-sign.js";

export { Wrong };
export const STEPS = ["key", "signature", "root", "prefix", "syntax", "unique", "openings", "tally", "winners", "receipt"];

const NAME = "[!-*,-~]{1,200}";
const utf8 = new TextEncoder();

async function whole(file, most, step) {
  if (file.size > most) {
    throw new Wrong(step, "too_large", { file: file.name ?? "" });
  }
  return new Uint8Array(await file.arrayBuffer());
}

// 1

async function readKey(file) {
  const text = plain(await whole(file, 10000, "key")).replace(/\n$/, "");
  const found = new RegExp(`^(${NAME})\\+([0-9a-f]{8})\\+([^+]*(?:\\+[^]*)?)$`).exec(text);
  const content = found && fromBase64(found[3]);
  if (!content || content.length !== 33 || content[0] !== 1) {
    throw new Wrong("key", "no_key");
  }
  const named = new Uint8Array([...utf8.encode(`${found[1]}\n`), ...content]);
  if (hexOf(sha256(named).subarray(0, 4)) !== found[2]) {
    throw new Wrong("key", "no_key");
  }
  return { text, name: found[1], id: found[2], key: content.slice(1) };
}

async function holdFirstLeaf(file, key) {
  let leaf;
  try {
    for await (const lines of linesOf(file, "root")) {
      if (lines.length) {
        leaf = readLeaf(lines[0], 0);
        break;
      }
    }
  } catch (error) {
    if (error instanceof Wrong) {
      return; // A later step says so.
    }
    throw error;
  }
  if (leaf?.kind === "open" && leaf.key !== key.text) {
    throw new Wrong("key", "other_key");
  }
}

// 2

async function readCheckpoints(file, key, told) {
  const step = "signature";
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await whole(file, 1 << 29, step));
  } catch (error) {
    throw error instanceof Wrong ? error : new Wrong(step, "no_notes");
  }
  if (text === "") {
    return [];
  }
  if (!text.endsWith("\n")) {
    throw new Wrong(step, "no_notes");
  }
  const lines = text.slice(0, -1).split("\n");
  const signs = await signerOf(key.key);
  const line = new RegExp(`^— (${NAME}) ([!-~]{1,400})$`);
  const found = [];
  let asked = [];
  const answered = async () => {
    const answers = await Promise.all(asked);
    if (answers.includes(false)) {
      throw new Wrong(step, "bad_signature", { number: found.length - answers.length + answers.indexOf(false) + 1 });
    }
    asked = [];
  };
  for (let at = 0; at < lines.length; ) {
    const number = found.length + 1;
    const [name, size, root, gap] = lines.slice(at, at + 4);
    const hash = fromBase64(root ?? "");
    if (name !== key.name || !/^(?:0|[1-9][0-9]{0,11})$/.test(size ?? "") || gap !== "" || hash?.length !== 32) {
      await answered();
      throw new Wrong(step, "no_note", { number });
    }
    at += 4;
    let ours = null;
    do {
      const [, signer, content] = line.exec(lines[at] ?? "") ?? [];
      const bytes = content === undefined ? null : fromBase64(content);
      if (bytes === null) {
        await answered();
        throw new Wrong(step, "no_signature", { number });
      }
      if (ours === null && signer === key.name && hexOf(bytes.subarray(0, 4)) === key.id) {
        ours = bytes.slice(4);
      }
      at += 1;
    } while (at < lines.length && lines[at] !== "");
    if (ours === null) {
      await answered();
      throw new Wrong(step, "not_signed", { number });
    }
    asked.push(signs(utf8.encode(`${name}\n${size}\n${root}\n`), ours));
    found.push({ size: Number(size), root: hash });
    if (asked.length === 256) {
      await answered();
      told(at / lines.length);
    }
    if (at < lines.length && (at += 1) === lines.length) {
      throw new Wrong(step, "no_notes");
    }
  }
  await answered();
  return found;
}

// 3 and 4

async function holdAgainst(file, checkpoints, told) {
  const bySize = new Map();
  for (const each of checkpoints) {
    bySize.set(each.size, [...(bySize.get(each.size) ?? []), each.root]);
  }
  const tree = new Tree();
  const differing = [];
  const compare = () => {
    const roots = bySize.get(tree.size);
    if (roots !== undefined) {
      const root = tree.root();
      if (!roots.every((each) => same(each, root))) {
        differing.push(tree.size);
      }
    }
  };
  compare();
  for await (const lines of linesOf(file, "root", told)) {
    for (const line of lines) {
      tree.add(line);
      compare();
    }
  }
  const last = checkpoints.at(-1);
  if (last === undefined) {
    throw new Wrong("root", "no_checkpoint");
  }
  if (last.size !== tree.size) {
    throw new Wrong("root", "other_size", { leaves: tree.size, size: last.size });
  }
  if (!same(last.root, tree.root())) {
    throw new Wrong("root", "other_root");
  }
  return () => {
    if (checkpoints.some((each, at) => at > 0 && each.size < checkpoints[at - 1].size)) {
      throw new Wrong("prefix", "smaller");
    }
    if (differing.length) {
      throw new Wrong("prefix", "other_prefix", { size: differing[0] });
    }
    return tree.size;
  };
}

// 5 and 6

const MAY_FOLLOW = ["void", "admit", "stand"];

class Log {
  constructor(checkpoints) {
    this.sizes = checkpoints.map((each) => each.size);
    this.open = null;
    this.terms = null; // of the rules as they were last
    this.amended = 0;
    this.category = new Map();
    this.stands = new Map(); // candidate → [number, whether]
    this.joined = new Set();
    this.fallen = [];
    this.ballots = new Keys(16);
    this.tags = new Keys(32);
    this.tagOf = new Int32Array(1024); // by ballot; -1 on paper
    this.commitments = new Uint8Array(32 * 1024); // by ballot, of the first leaf that was met
    this.revisions = new Map(); // ballot → revision → commitment, where there is more than the first
    this.paper = 0;
    this.decided = new Map(); // number of a ballot → its latest decision
    this.numbers = new Map(); // number → kind
    this.close = null;
    this.end = Infinity; // where ballots end
    this.odd = null;
  }

  // Told once every line is known to be a leaf.
  isOdd(word, said) {
    this.odd ??= new Wrong("unique", word, said);
  }

  vote(ballot, tag, revision, commitment, at) {
    let number = this.ballots.find(ballot);
    if (number < 0) {
      number = this.keep(ballot, commitment);
      let of = -1;
      if (tag === null) {
        this.paper += 1;
      } else if (this.tags.find(tag) >= 0) {
        this.isOdd("two_ballots", { at, ballot: plain(ballot) });
      } else {
        of = this.tags.add(tag);
      }
      this.tagOf[number] = of;
      if (revision !== 1) {
        this.revisions.set(number, new Map([[revision, commitment.slice()]]));
      }
      return;
    }
    const of = this.tagOf[number];
    const revisions = this.revisions.get(number) ?? new Map([[1, this.commitmentOf(number).slice()]]);
    if (tag === null || of < 0 || !same(this.tags.get(of), tag) || revisions.has(revision)) {
      this.isOdd("twice", { at, ballot: plain(ballot) });
    }
    this.revisions.set(number, revisions.set(revision, commitment.slice()));
  }

  keep(ballot, commitment) {
    const number = this.ballots.add(ballot);
    if (number >= this.tagOf.length) {
      this.tagOf = grown(this.tagOf);
      this.commitments = grown(this.commitments);
    }
    this.commitments.set(commitment, number * 32);
    return number;
  }

  commitmentOf(number) {
    return this.commitments.subarray(number * 32, number * 32 + 32);
  }

  // The last revision of a ballot and what it committed to.
  last(number) {
    const revisions = this.revisions.get(number);
    return revisions ? [revisions.size, revisions.get(revisions.size)] : [1, this.commitmentOf(number)];
  }

  take(leaf, at) {
    if ((leaf.kind === "open") !== (at === 0)) {
      throw new Wrong("syntax", "opening", { at });
    }
    if (leaf.kind === "open") {
      this.open = leaf;
      this.terms = leaf;
      for (const [candidate, category] of Object.entries(leaf.candidates)) {
        this.category.set(candidate, category);
        this.stands.set(candidate, [0, true]);
      }
      return;
    }
    if (leaf.contest !== this.open.contest) {
      throw new Wrong("syntax", "other_contest", { at });
    }
    if (leaf.kind === "ballot" || leaf.kind === "paper") {
      if (at >= this.end) {
        throw new Wrong("syntax", "after_close", { at });
      }
      const tag = leaf.kind === "ballot" ? fromHex(leaf.tag) : null;
      this.vote(utf8.encode(leaf.ballot), tag, leaf.revision, fromHex(leaf.commitment), at);
      return;
    }
    if (this.numbers.has(leaf.number)) {
      throw new Wrong("syntax", "number_twice", { at, number: leaf.number });
    }
    this.numbers.set(leaf.number, leaf.kind);
    this.decide(leaf, at);
  }

  decide(leaf, at) {
    if (leaf.kind === "close") {
      if (this.close !== null) {
        throw new Wrong("syntax", "closed_twice", { at });
      }
      this.close = leaf;
      this.end = this.sizes.filter((size) => size > at).reduce((one, other) => Math.min(one, other), Infinity);
    } else if (leaf.kind === "amend") {
      if (leaf.number > this.amended) {
        this.amended = leaf.number;
        this.terms = leaf;
      }
    } else if (leaf.kind === "join") {
      if (Object.hasOwn(this.open.candidates, leaf.candidate) || this.joined.has(leaf.candidate)) {
        this.isOdd("joined_twice", { at, candidate: leaf.candidate });
      } else {
        this.joined.add(leaf.candidate);
        this.category.set(leaf.candidate, leaf.category);
      }
      this.stand(leaf.candidate, leaf.number, true);
    } else if (leaf.kind === "stand") {
      this.fallen.push(leaf.candidate);
      this.stand(leaf.candidate, leaf.number, leaf.stands);
    } else if (leaf.number > (this.decided.get(leaf.ballot)?.number ?? 0)) {
      this.decided.set(leaf.ballot, leaf);
    }
  }

  stand(candidate, number, stands) {
    if (number > (this.stands.get(candidate)?.[0] ?? -1)) {
      this.stands.set(candidate, [number, stands]);
    }
  }

  checkNumbers() {
    if (this.open === null) {
      throw new Wrong("syntax", "empty");
    }
    for (const [number, kind] of this.numbers) {
      if (number > this.numbers.size) {
        throw new Wrong("syntax", "number_missing");
      }
      if (this.close !== null && number > this.close.number && !MAY_FOLLOW.includes(kind)) {
        throw new Wrong("syntax", "decided_after", { kind });
      }
    }
  }

  checkUnique() {
    if (this.odd) {
      throw this.odd;
    }
    for (const ballot of this.decided.keys()) {
      if (this.ballots.find(utf8.encode(ballot)) < 0) {
        throw new Wrong("unique", "no_ballot", { ballot });
      }
    }
    for (const candidate of this.fallen) {
      if (!this.category.has(candidate)) {
        throw new Wrong("unique", "no_candidate", { candidate });
      }
    }
    for (const [number, revisions] of this.revisions) {
      for (const revision of revisions.keys()) {
        if (revision > revisions.size) {
          throw new Wrong("unique", "revision_missing", { ballot: plain(this.ballots.get(number)) });
        }
      }
    }
    if (this.close !== null && this.close.ballots !== this.ballots.size) {
      throw new Wrong("unique", "close_counts", { told: this.close.ballots, ballots: this.ballots.size });
    }
  }

  setAside(ballot) {
    const latest = this.decided.get(ballot);
    return latest?.kind === "void" ? latest.reason : null;
  }
}

async function readLog(file, checkpoints, told) {
  const log = new Log(checkpoints);
  const seen = { ballot: null, commitment: new Uint8Array(32), tag: new Uint8Array(32), revision: 0 };
  let usual = () => false;
  let at = 0;
  for await (const lines of linesOf(file, "syntax", told)) {
    for (const line of lines) {
      if (at < log.end && usual(line, seen)) {
        log.vote(seen.ballot, seen.tag, seen.revision, seen.commitment, at);
      } else {
        log.take(readLeaf(line, at), at);
        if (at === 0) {
          usual = matcher(
            '{"ballot":"', { as: "ballot" }, '","commitment":"', { as: "hash", name: "commitment" },
            `","contest":"${log.open.contest}","kind":"ballot","revision":`, { as: "number", name: "revision" },
            ',"tag":"', { as: "hash", name: "tag" }, '"}',
          );
        }
      }
      at += 1;
    }
  }
  log.checkNumbers();
  return log;
}

// 7 and 8

const REMEMBERED = 100000;

function chosenOn(log, text, at) {
  let choices = null;
  try {
    choices = JSON.parse(`[${text}]`);
  } catch {
    // Said below.
  }
  if (canonical(choices) !== `[${text}]` || !areCodes(choices, { sorted: true })) {
    throw new Wrong("openings", "no_opening", { at });
  }
  const categories = choices.map((each) => log.category.get(each));
  const most = log.open.choices_per_category;
  if (
    choices.length < 1 ||
    choices.length > log.open.choices_max ||
    categories.includes(undefined) ||
    (log.open.scope === "category" && new Set(categories).size > 1) ||
    (most > 0 && categories.some((each) => categories.filter((other) => other === each).length > most))
  ) {
    throw new Wrong("openings", "bad_choices", { at });
  }
  return { line: utf8.encode(`${choices.join(",")}\n`), choices, ballots: 0 };
}

async function count(log, file, told) {
  const usual = matcher(
    '{"ballot":"', { as: "ballot" }, '","choices":[', { as: "codes", name: "choices" }, '],"revision":',
    { as: "number", name: "revision" }, ',"salt":"', { as: "hash", name: "salt" }, '"}',
  );
  const seen = { ballot: null, choices: "", revision: 0, salt: new Uint8Array(32) };
  const start = utf8.encode(`guong-sang/ballot/v1\n${log.open.contest}\n`);
  const opened = new Uint8Array(log.ballots.size);
  const votes = new Map([...log.stands].filter(([, [, stands]]) => stands).map(([candidate]) => [candidate, 0]));
  let patterns = new Map();
  let [valid, counted, at] = [0, 0, 0];
  const add = () => {
    for (const { choices, ballots } of patterns.values()) {
      const standing = choices.filter((each) => votes.has(each));
      valid += standing.length ? ballots : 0;
      standing.forEach((each) => votes.set(each, votes.get(each) + ballots));
    }
    patterns = new Map();
  };
  for await (const lines of linesOf(file, "openings", told)) {
    for (const line of lines) {
      if (!usual(line, seen)) {
        throw new Wrong("openings", "no_opening", { at });
      }
      let pattern = patterns.get(seen.choices);
      if (pattern === undefined) {
        pattern = chosenOn(log, seen.choices, at);
        if (patterns.size >= REMEMBERED) {
          add();
        }
        patterns.set(seen.choices, pattern);
      }
      const number = log.ballots.find(seen.ballot);
      const ballot = plain(seen.ballot);
      if (number < 0 || opened[number] || log.setAside(ballot) !== null) {
        throw new Wrong("openings", "not_to_open", { at, ballot });
      }
      const [revision, commitment] = log.last(number);
      if (seen.revision !== revision) {
        throw new Wrong("openings", "old_revision", { ballot });
      }
      const salt = line.subarray(line.length - 66, line.length - 2);
      const made = commitmentOf(start, seen.ballot, revision, pattern.line, salt);
      if (!same(made, commitment)) {
        throw new Wrong("openings", "other_choices", { ballot });
      }
      opened[number] = 1;
      pattern.ballots += 1;
      counted += 1;
      at += 1;
    }
  }
  add();
  const reasons = new Map();
  let aside = 0;
  for (const leaf of log.decided.values()) {
    if (leaf.kind === "void") {
      reasons.set(leaf.reason, (reasons.get(leaf.reason) ?? 0) + 1);
      aside += 1;
    }
  }
  if (counted !== log.ballots.size - aside) {
    throw new Wrong("openings", "not_opened", { missing: log.ballots.size - aside - counted });
  }
  return {
    cast: log.ballots.size,
    lapsed: counted - valid,
    paper: log.paper,
    set_aside: Object.fromEntries(reasons),
    valid,
    votes: Object.fromEntries(votes),
  };
}

const lineFeed = Uint8Array.of(10);

function commitmentOf(start, ballot, revision, choices, salt) {
  const parts = [start, ballot, lineFeed, utf8.encode(`${revision}\n`), choices, salt, lineFeed];
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let from = 0;
  for (const part of parts) {
    bytes.set(part, from);
    from += part.length;
  }
  return sha256(bytes);
}

// 9

function winnersOf(log, tally, places) {
  const { seats, minimum, tie_break: rules } = log.terms;
  const runners = Object.keys(tally.votes).filter((each) => tally.votes[each] > 0);
  if (tally.valid < minimum || !runners.length || !seats) {
    return { winners: [], tied: [] };
  }
  const place = (each) =>
    rules.includes("better_jury_rank") ? (Object.hasOwn(places, each) ? places[each] : Infinity) : 0;
  const compare = (one, other) => {
    const byVotes = tally.votes[other] - tally.votes[one];
    // Two without a place are level: Infinity less Infinity is no number.
    return byVotes || (place(one) === place(other) ? 0 : place(one) - place(other));
  };
  runners.sort(compare);
  const winners = runners.slice(0, seats);
  const next = runners[seats];
  const level = next === undefined ? [] : runners.filter((each) => compare(each, next) === 0);
  const isTied = winners.some((each) => level.includes(each));
  return {
    winners: winners.filter((each) => !isTied || !level.includes(each)).sort(),
    tied: isTied ? level.sort() : [],
  };
}

const alike = (one, other) => canonical(one) === canonical(other) && canonical(one) !== undefined;

async function holdTally(log, tally, file) {
  const bytes = await whole(file, 200001, "tally");
  if (bytes.at(-1) !== 10) {
    throw new Wrong("tally", "no_result");
  }
  const result = readObject(bytes.subarray(0, -1), "tally", 0);
  const keys = ["awarded", "contest", "departs", "places", "tally", "tied", "winners"];
  if (!hasKeys(result, keys) || result.contest !== log.open.contest) {
    throw new Wrong("tally", "no_result");
  }
  if (!alike(result.tally, tally)) {
    throw new Wrong("tally", "other_tally");
  }
  return result;
}

function holdWinners(log, tally, result) {
  const { places, awarded, departs } = result;
  if (!isObject(places) || !Object.entries(places).every(([each, place]) => isCode(each) && isPlace(place))) {
    throw new Wrong("winners", "no_places");
  }
  const { winners, tied } = winnersOf(log, tally, places);
  if (!alike(result.winners, winners) || !alike(result.tied, tied)) {
    throw new Wrong("winners", "other_winners", { counted: winners.join(", ") || "–" });
  }
  if (
    !areCodes(awarded, { sorted: true }) ||
    !awarded.every((each) => Object.hasOwn(tally.votes, each)) ||
    !areCodes(departs, { sorted: true }) ||
    alike(awarded, winners) !== (departs.length === 0)
  ) {
    throw new Wrong("winners", "other_award");
  }
}

// 10

async function holdReceipt(log, key, receipt) {
  const no = (word) => new Wrong("receipt", word);
  const must = ["ballot", "commitment", "contest", "promise", "revision", "tag", "at"];
  const isWhole = isObject(receipt) && hasKeys(receipt, [...must, "choices", "salt"]);
  if (!isWhole && !(isObject(receipt) && hasKeys(receipt, must))) {
    throw no("no_receipt");
  }
  const { ballot, commitment, contest, revision, tag, at } = receipt;
  if (!Object.entries(VOTED).every(([name, holds]) => holds(receipt[name])) || !isCount(at)) {
    throw no("no_receipt");
  }
  if (contest !== log.open.contest) {
    throw no("receipt_contest");
  }
  const leaf = canonical({ ballot, commitment, contest, kind: "ballot", revision, tag });
  const promised = utf8.encode(`guong-sang/promise/v1\n${hexOf(leafHash(utf8.encode(leaf)))}\n${at}\n`);
  const signature = typeof receipt.promise === "string" ? fromBase64(receipt.promise) : null;
  if (signature === null || !(await (await signerOf(key.key))(promised, signature))) {
    throw no("bad_promise");
  }
  const number = log.ballots.find(utf8.encode(ballot));
  const kept = number < 0 ? null : (log.revisions.get(number) ?? new Map([[1, log.commitmentOf(number)]]));
  const held = kept?.get(revision);
  if (!held || log.tagOf[number] < 0 || hexOf(log.tags.get(log.tagOf[number])) !== tag || hexOf(held) !== commitment) {
    throw no("left_out");
  }
  if (isWhole) {
    const { choices, salt } = receipt;
    if (!areCodes(choices, { sorted: true }) || !isHash(salt)) {
      throw no("no_receipt");
    }
    const start = utf8.encode(`guong-sang/ballot/v1\n${contest}\n`);
    const line = utf8.encode(`${choices.join(",")}\n`);
    if (hexOf(commitmentOf(start, utf8.encode(ballot), revision, line, utf8.encode(salt))) !== commitment) {
      throw no("receipt_choices");
    }
  }
  return { ballot, revision, last: kept.size, aside: log.setAside(ballot) };
}

// All that `files` (name → Blob) allow to check. `told(step, share)` hears how far it is. Throws Wrong at the
// first step that does not hold; `report.held` has those before it.
export async function check(files, { receipt = null, told = () => {}, report = {} } = {}) {
  report.held = [];
  const done = (step) => report.held.push(step);
  const at = (step) => {
    told(step, 0);
    return (share) => told(step, share);
  };
  at("key");
  const key = await readKey(files["key.txt"]);
  await holdFirstLeaf(files["log.jsonl"], key);
  done("key");
  const checkpoints = await readCheckpoints(files["checkpoints.txt"], key, at("signature"));
  done("signature");
  const prefix = await holdAgainst(files["log.jsonl"], checkpoints, at("root"));
  done("root");
  report.leaves = prefix();
  report.checkpoints = checkpoints.length;
  done("prefix");
  const log = await readLog(files["log.jsonl"], checkpoints, at("syntax"));
  done("syntax");
  log.checkUnique();
  Object.assign(report, { ballots: log.ballots.size, paper: log.paper, closed: log.close !== null });
  done("unique");
  if (files["openings.jsonl"]) {
    if (log.close === null) {
      throw new Wrong("openings", "not_closed");
    }
    const tally = await count(log, files["openings.jsonl"], at("openings"));
    report.tally = tally;
    done("openings");
    if (files["result.json"]) {
      const result = await holdTally(log, tally, files["result.json"]);
      done("tally");
      holdWinners(log, tally, result);
      report.result = result;
      done("winners");
    }
  }
  if (receipt !== null) {
    report.receipt = await holdReceipt(log, key, receipt);
    done("receipt");
  }
  return report;
}
