// What does not come out as the vectors of the specification say.
import { readFileSync } from "node:fs";
import { Tree, hexOf, leafHash, sha256 } from "./verify-hash.js";
import { canonical } from "./verify-read.js";
import { check } from "./verify-steps.js";

const given = JSON.parse(readFileSync(0, "utf8"));
const wrong = [];
const bytes = (text) => new TextEncoder().encode(text);
const hold = (name, found, wanted) => {
  if (found !== wanted) {
    wrong.push([name, found, wanted]);
  }
};
given.canonical.forEach(({ value, bytes: wanted }) => hold("canonical", canonical(value), wanted));
const { contest, ballot, revision, choices, salt, gives } = given.commitment;
const lines = ["guong-sang/ballot/v1", contest, ballot, revision, choices.join(","), salt].map((each) => `${each}\n`);
hold("commitment", hexOf(sha256(bytes(lines.join("")))), gives);
for (const each of given.tag) {
  hold("tag", hexOf(sha256(bytes(`guong-sang/tag/v1\n${each.voter}\n${each.scope}\n`))), each.gives);
}
hold("leaf", hexOf(leafHash(bytes(given.leaf.bytes))), given.leaf.hash);
const tree = new Tree();
for (const { leaves, root } of given.tree) {
  hold(`tree of ${leaves}`, hexOf(tree.root()), root);
  if (leaves < given.vote["log.jsonl"].length) {
    tree.add(bytes(given.vote["log.jsonl"][leaves]));
  }
}
const whole = (name) => (Array.isArray(given.vote[name]) ? given.vote[name].map((line) => `${line}\n`).join("") : given.vote[name]);
const files = {};
for (const name of ["key.txt", "checkpoints.txt", "log.jsonl", "openings.jsonl"]) {
  files[name] = new Blob([whole(name)]);
}
files["result.json"] = new Blob([`${given.vote["result.json"]}\n`]);
const report = await check(files, { receipt: given.receipt });
hold("steps", report.held.length, 10);
process.stdout.write(JSON.stringify(wrong));
