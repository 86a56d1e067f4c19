// Before a ballot leaves this browser, the browser seals it: a number for the ballot, a salt, and the
// commitment over both and the choices (docs/ballot-log.md). It keeps what it made until the tab is
// closed. The receipt is held against that, and worked out anew. Where the page has no WebCrypto, or no
// script runs, the server makes the commitment, and the receipt says so.

const LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";
const crypt = globalThis.crypto?.subtle;

const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const random = (count) => crypto.getRandomValues(new Uint8Array(count));
const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
const sha256 = (text, prefix = []) => {
  const content = new TextEncoder().encode(text);
  const whole = new Uint8Array(prefix.length + content.length);
  whole.set(prefix);
  whole.set(content, prefix.length);
  return crypt.digest("SHA-256", whole);
};

const commitment = async ({ contest, ballot, revision, choices, salt }) =>
  hex(await sha256(`guong-sang/ballot/v1\n${contest}\n${ballot}\n${revision}\n${[...choices].sort().join(",")}\n${salt}\n`));

// A number of 16 letters, each as likely as any other: bytes beyond the last whole round are left out.
const newNumber = () => {
  let number = "";
  while (number.length < 16) {
    for (const byte of random(32)) if (byte < 256 - (256 % LETTERS.length) && number.length < 16) number += LETTERS[byte % LETTERS.length];
  }
  return number;
};

// What this tab made, by contest and ballot. Storage may be forbidden: then nothing is remembered.
const place = (contest) => `sealed:${contest}`;
const made = (contest) => {
  try {
    const found = JSON.parse(sessionStorage.getItem(place(contest)) ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
};
const keep = (contest, sealed) => {
  try {
    const others = made(contest).filter((each) => each.commitment !== sealed.commitment);
    sessionStorage.setItem(place(contest), JSON.stringify([...others, sealed].slice(-20)));
  } catch {
    // as above
  }
};

const seal = async (contest, scope, ballot, revision, picked) => {
  const choices = [...new Set(picked)].sort();
  // The same ballot sent again is the same to the last letter, so that a retry is one.
  const before = made(contest).find(
    (each) =>
      each.scope === scope &&
      (ballot ? each.ballot === ballot : each.revision === 1) &&
      each.revision === revision &&
      each.choices.join() === choices.join(),
  );
  if (before) return before;
  const sealed = { contest, ballot: ballot || newNumber(), revision, choices, salt: hex(random(32)), scope };
  sealed.commitment = await commitment(sealed);
  keep(contest, sealed);
  return sealed;
};

const carry = (form, suffix, sealed) => {
  for (const name of ["ballot", "salt", "commitment"]) {
    let field = form.querySelector(`input[name="${name}${suffix}"]`);
    if (!field) {
      field = Object.assign(document.createElement("input"), { type: "hidden", name: name + suffix });
      form.append(field);
    }
    field.value = sealed[name];
  }
};

const fill = async (form) => {
  const { contest, scope, ballot, revision, waiting } = form.dataset;
  if (waiting) {
    for (const [part, [ofPart, picked]] of Object.entries(JSON.parse(waiting))) {
      carry(form, `-${part}`, await seal(contest, ofPart, "", 1, picked));
    }
    return;
  }
  const picked = [...form.querySelectorAll('input[name="pick"]:checked')].map((box) => box.value);
  if (picked.length) carry(form, "", await seal(contest, scope, ballot, Number(revision), picked));
};

for (const form of document.querySelectorAll("form[data-commit]")) {
  if (!crypt) break;
  let ready = false;
  form.addEventListener("submit", async (event) => {
    if (ready) return;
    event.preventDefault();
    try {
      await fill(form);
    } catch {
      // Then the server seals.
      for (const field of form.querySelectorAll('input[type="hidden"]')) {
        if (/^(ballot|salt|commitment)(-|$)/.test(field.name)) field.remove();
      }
    }
    // A short digest may be there at once, while this event is still on its way: until it has passed,
    // a form cannot be sent again.
    await new Promise((passed) => setTimeout(passed));
    ready = true;
    form.requestSubmit(event.submitter ?? undefined);
    // A page that comes back by the back button seals anew.
    setTimeout(() => (ready = false));
  });
}

// The receipt

const leafOf = ({ ballot, commitment: sealed, contest, revision, tag }) =>
  JSON.stringify({ ballot, commitment: sealed, contest, kind: "ballot", revision, tag });

const isSigned = async (receipt, key) => {
  const leaf = hex(await sha256(leafOf(receipt), [0]));
  // name+id+base64(0x01 and the key of 32 bytes)
  const raw = bytesOf(key.slice(key.indexOf("+", key.indexOf("+") + 1) + 1)).slice(1);
  const text = new TextEncoder().encode(`guong-sang/promise/v1\n${leaf}\n${receipt.at}\n`);
  let verifier;
  try {
    verifier = await crypt.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    return null;
  }
  return crypt.verify({ name: "Ed25519" }, verifier, bytesOf(receipt.promise), text);
};

const check = async (section) => {
  const list = section.querySelector("[data-checks]");
  const say = (name, good) => {
    const line = document.createElement("li");
    line.className = good ? "done" : good === null ? "" : "todo";
    const sign = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    sign.setAttribute("class", "icon");
    sign.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `${list.dataset.sprite}#${good ? "check" : good === null ? "info" : "warning"}`);
    sign.append(use);
    const words = document.createElement("span");
    words.textContent = list.dataset[name];
    line.append(sign, words);
    list.append(line);
  };
  section.querySelector("[data-unchecked]").remove();
  list.hidden = false;
  if (!crypt) {
    say("none", null);
    return;
  }
  const receipt = JSON.parse(section.dataset.receipt);
  const right = (await commitment(receipt)) === receipt.commitment;
  say(right ? "sealGood" : "sealBad", right);
  const own = made(receipt.contest).filter((each) => each.ballot === receipt.ballot && each.revision === receipt.revision);
  if (section.dataset.by === "server") say("madeServer", null);
  else if (!own.length) say("madeElse", null);
  else {
    const same = own.some((each) => each.commitment === receipt.commitment && each.choices.join() === receipt.choices.join());
    say(same ? "madeGood" : "madeBad", same);
  }
  const signed = await isSigned(receipt, section.dataset.key);
  say(signed === null ? "promiseElse" : signed ? "promiseGood" : "promiseBad", signed);
  section.dataset.checked = "";
};

const section = document.querySelector("[data-receipt]");
if (section) check(section);
