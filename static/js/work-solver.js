// Searches for the number of a proof of work, off the page's own thread. Each number costs one block
// of SHA-256 over salt, nonce and number. Written out here: the browser's own digest answers later,
// which would cost more than the sum itself, and is missing where a page comes without https.

const K = new Uint32Array(64);
const START = new Uint32Array(8);

// The constants are the fractional parts of cube and square roots of the first primes.
let found = 0;
for (let number = 2; found < 64; number += 1) {
  let prime = true;
  for (let by = 2; by * by <= number; by += 1) if (number % by === 0) prime = false;
  if (!prime) continue;
  if (found < 8) START[found] = (Math.sqrt(number) % 1) * 2 ** 32;
  K[found] = (Math.cbrt(number) % 1) * 2 ** 32;
  found += 1;
}

const words = new Int32Array(64);
const state = new Int32Array(8);

function compress() {
  for (let at = 16; at < 64; at += 1) {
    const x = words[at - 15];
    const y = words[at - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    words[at] = (words[at - 16] + s0 + words[at - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = START;
  for (let at = 0; at < 64; at += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[at] + words[at]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] = (START[0] + a) | 0;
  state[1] = (START[1] + b) | 0;
  state[2] = (START[2] + c) | 0;
  state[3] = (START[3] + d) | 0;
  state[4] = (START[4] + e) | 0;
  state[5] = (START[5] + f) | 0;
  state[6] = (START[6] + g) | 0;
  state[7] = (START[7] + h) | 0;
}

const word = (hex, at) => parseInt(hex.slice(8 * at, 8 * at + 8), 16) | 0;

// The number and the digest whose first 16 bytes are the challenge's, or nothing within `most` numbers.
function solve(parameters, most, progress = () => {}) {
  const wanted = [0, 1, 2, 3].map((at) => word(parameters.keyPrefix, at));
  const known = parameters.salt + parameters.nonce;
  const head = [0, 1, 2, 3, 4, 5, 6, 7].map((at) => word(known, at));
  for (let number = 0; number <= most; number += 1) {
    if (number % 4096 === 0) progress(number);
    words.set(head);
    words[8] = number;
    words[9] = 0x80000000 | 0;
    words.fill(0, 10, 15);
    words[15] = 36 * 8;
    compress();
    if (state[0] === wanted[0] && state[1] === wanted[1] && state[2] === wanted[2] && state[3] === wanted[3]) {
      const digest = [...state].map((each) => (each >>> 0).toString(16).padStart(8, "0")).join("");
      return { counter: number, derivedKey: digest };
    }
  }
  return null;
}

self.onmessage = ({ data }) => {
  const begun = Date.now();
  const solution = solve(data.challenge.parameters, data.most, (number) => self.postMessage({ part: number / data.most }));
  if (solution) solution.time = Date.now() - begun;
  self.postMessage({ solution });
};
