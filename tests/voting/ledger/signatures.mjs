// Which of the given signatures are judged wrongly, by the platform's Ed25519 and by the page's own.
import { readFileSync } from "node:fs";
import { fromHex } from "./verify-hash.js";
import { signerOf } from "./verify-sign.js";

const { hold, fail } = JSON.parse(readFileSync(0, "utf8"));
const wrong = [];
for (const byNumbers of [false, true]) {
  for (const [key, message, signature] of hold) {
    const signed = await signerOf(fromHex(key), { byNumbers });
    const [text, bytes] = [fromHex(message), fromHex(signature)];
    if (!(await signed(text, bytes))) {
      wrong.push(["does not hold", byNumbers, signature]);
    }
    for (let at = 0; at < 64; at += 5) {
      const changed = bytes.slice();
      changed[at] ^= 1;
      if ((await signed(text, changed)) || (await signed(new Uint8Array([...text, 1]), bytes))) {
        wrong.push(["holds", byNumbers, at]);
      }
    }
  }
  for (const [key, message, signature] of fail) {
    const signed = await signerOf(fromHex(key), { byNumbers });
    if (await signed(fromHex(message), fromHex(signature))) {
      wrong.push(["holds", byNumbers, signature]);
    }
  }
}
process.stdout.write(JSON.stringify(wrong));
