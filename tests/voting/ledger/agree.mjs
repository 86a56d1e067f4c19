// Checks votes by the page's own steps, outside of any browser: a JSON list of {folder, receipt} on standard input,
// where each ended on standard output ("" when all of it holds).
import { existsSync, readFileSync } from "node:fs";
import { Wrong, check } from "./verify-steps.js";

const NAMES = ["key.txt", "checkpoints.txt", "log.jsonl", "openings.jsonl", "result.json"];
const found = [];
for (const { folder, receipt } of JSON.parse(readFileSync(0, "utf8"))) {
  const there = NAMES.filter((name) => existsSync(`${folder}/${name}`));
  const files = Object.fromEntries(there.map((name) => [name, new Blob([readFileSync(`${folder}/${name}`)])]));
  try {
    await check(files, { receipt: receipt ?? null });
    found.push("");
  } catch (error) {
    if (!(error instanceof Wrong)) {
      throw error;
    }
    found.push(error.step);
  }
}
process.stdout.write(JSON.stringify(found));
