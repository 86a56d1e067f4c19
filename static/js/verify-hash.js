// SHA-256 (FIPS 180-4) in one go, hex and base64, for checking the log of a vote. WebCrypto answers each hash
// by a promise, which is too slow for millions of lines; this is as quick as the lines are read.
const K = new Int32Array(64);
const START = new Int32Array(8);
{
  // The constants are the first bits of the roots of primes; worked out, they cannot be mistyped.
  const primes = [];
  for (let n = 2; primes.length < 64; n += 1) {
    if (primes.every((prime) => n % prime)) {
      primes.push(n);
    }
  }
  const bits = (prime, root) => {
    // floor(prime^(1/root) · 2^32) exactly, by halving.
    const wanted = BigInt(prime) << BigInt(32 * root);
    let low = 0n;
    let high = BigInt(prime) << 32n;
    while (high - low > 1n) {
      const middle = (low + high) >> 1n;
      if (middle ** BigInt(root) <= wanted) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return Number(BigInt.asIntN(32, low));
  };
  primes.forEach((prime, at) => {
    K[at] = bits(prime, 3);
    if (at < 8) {
      START[at] = bits(prime, 2);
    }
  });
}

const W = new Int32Array(64);
const H = new Int32Array(8);
export const LONGEST = 200000;
// What is hashed is laid here first: a mark, a line, the padding.
const desk = new Uint8Array(LONGEST + 1024);

function block(from) {
  for (let at = 0; at < 16; at += 1) {
    const p = from + at * 4;
    W[at] = (desk[p] << 24) | (desk[p + 1] << 16) | (desk[p + 2] << 8) | desk[p + 3];
  }
  for (let at = 16; at < 64; at += 1) {
    const x = W[at - 15];
    const y = W[at - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    W[at] = (W[at - 16] + s0 + W[at - 7] + s1) | 0;
  }
  let a = H[0];
  let b = H[1];
  let c = H[2];
  let d = H[3];
  let e = H[4];
  let f = H[5];
  let g = H[6];
  let h = H[7];
  for (let at = 0; at < 64; at += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const one = (h + s1 + ((e & f) ^ (~e & g)) + K[at] + W[at]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  H[0] += a;
  H[1] += b;
  H[2] += c;
  H[3] += d;
  H[4] += e;
  H[5] += f;
  H[6] += g;
  H[7] += h;
}

// The hash of the first `length` bytes on the desk, written to `out` at `at`.
function finish(length, out, at) {
  H.set(START);
  const blocks = (length + 9 + 63) >> 6;
  desk.fill(0, length, blocks * 64);
  desk[length] = 0x80;
  const bits = length * 8;
  for (let n = 0; n < 4; n += 1) {
    desk[blocks * 64 - 1 - n] = bits >>> (8 * n);
  }
  for (let n = 0; n < blocks; n += 1) {
    block(n * 64);
  }
  for (let n = 0; n < 8; n += 1) {
    const word = H[n];
    out[at + n * 4] = word >>> 24;
    out[at + n * 4 + 1] = word >>> 16;
    out[at + n * 4 + 2] = word >>> 8;
    out[at + n * 4 + 3] = word;
  }
}

// Of bytes, none longer than a line may be and a bit.
export function sha256(bytes) {
  const out = new Uint8Array(32);
  desk.set(bytes, 0);
  finish(bytes.length, out, 0);
  return out;
}

// RFC 6962, section 2.1: a leaf is marked by 0, a node by 1.
export function leafHash(line, out = new Uint8Array(32), at = 0) {
  desk[0] = 0;
  desk.set(line, 1);
  finish(line.length + 1, out, at);
  return out;
}

export function nodeHash(left, right, out = new Uint8Array(32), at = 0) {
  desk[0] = 1;
  desk.set(left, 1);
  desk.set(right, 33);
  finish(65, out, at);
  return out;
}

// A tree that grows at its end, kept as the roots of its perfect subtrees on a stack.
export class Tree {
  constructor() {
    this.size = 0;
    this.stack = new Uint8Array(64 * 32);
    this.high = 0;
  }

  add(line) {
    leafHash(line, this.stack, this.high * 32);
    this.high += 1;
    let left = this.size;
    while (left % 2 === 1) {
      const at = (this.high - 2) * 32;
      nodeHash(this.stack.subarray(at, at + 32), this.stack.subarray(at + 32, at + 64), this.stack, at);
      this.high -= 1;
      left = Math.floor(left / 2);
    }
    this.size += 1;
  }

  root() {
    if (this.high === 0) {
      return sha256(new Uint8Array(0));
    }
    let root = this.stack.slice((this.high - 1) * 32, this.high * 32);
    for (let at = this.high - 2; at >= 0; at -= 1) {
      root = nodeHash(this.stack.subarray(at * 32, at * 32 + 32), root);
    }
    return root;
  }
}

export const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);

export const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

// RFC 4648, section 4, exactly as it is written; null for anything else.
export function fromBase64(text) {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4) {
    return null;
  }
  try {
    const binary = atob(text);
    return btoa(binary) === text ? Uint8Array.from(binary, (letter) => letter.charCodeAt(0)) : null;
  } catch {
    return null;
  }
}
