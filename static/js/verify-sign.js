// Ed25519 (RFC 8032, section 5.1), checking only: by the browser where it knows how, else by whole numbers here.
const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (number) => {
  const rest = number % P;
  return rest < 0n ? rest + P : rest;
};

function power(base, exponent) {
  let result = 1n;
  let square = mod(base);
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) {
      result = (result * square) % P;
    }
    square = (square * square) % P;
  }
  return result;
}

const inverse = (number) => power(number, P - 2n);
const D = mod(-121665n * inverse(121666n));
const D2 = mod(2n * D);
const ROOT = power(2n, (P - 1n) / 4n); // of -1
const NOTHING = [0n, 1n, 1n, 0n]; // X, Y, Z, T of -x² + y² = 1 + dx²y²

function fromLittle(bytes) {
  let number = 0n;
  for (let at = bytes.length - 1; at >= 0; at -= 1) {
    number = (number << 8n) | BigInt(bytes[at]);
  }
  return number;
}

// A point from its 32 bytes; null when they are none.
function decoded(bytes) {
  const number = fromLittle(bytes);
  const sign = number >> 255n;
  const y = number & (2n ** 255n - 1n);
  if (y >= P) {
    return null;
  }
  const u = mod(y * y - 1n);
  const v = mod(D * y * y + 1n);
  // RFC 8032, section 5.1.3: the root of u/v in one power.
  let x = mod(u * power(v, 3n) * power(mod(u * power(v, 7n)), (P - 5n) / 8n));
  const squared = mod(v * x * x);
  if (squared !== u) {
    if (squared !== mod(-u)) {
      return null;
    }
    x = mod(x * ROOT);
  }
  if (x === 0n && sign === 1n) {
    return null;
  }
  if ((x & 1n) !== sign) {
    x = mod(-x);
  }
  return [x, y, 1n, mod(x * y)];
}

function plus([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = ((y1 - x1) * (y2 - x2)) % P;
  const b = ((y1 + x1) * (y2 + x2)) % P;
  const c = (t1 * D2 * t2) % P;
  const d = (2n * z1 * z2) % P;
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

function twice([x, y, z]) {
  const a = (x * x) % P;
  const b = (y * y) % P;
  const c = (2n * z * z) % P;
  const h = a + b;
  const e = h - (x + y) * (x + y);
  const g = a - b;
  const f = c + g;
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

const sixteen = (point) => {
  const row = [NOTHING];
  while (row.length < 16) {
    row.push(plus(row[row.length - 1], point));
  }
  return row;
};

const BASE = decoded(Uint8Array.from([0x58, ...new Array(31).fill(0x66)]));
const BASES = sixteen(BASE);

// Both products at once, four bits at a time from the top (Straus).
function sumOf(one, ones, other, others) {
  let total = NOTHING;
  for (let at = 252n; at >= 0n; at -= 4n) {
    total = twice(twice(twice(twice(total))));
    total = plus(total, ones[Number((one >> at) & 15n)]);
    total = plus(total, others[Number((other >> at) & 15n)]);
  }
  return total;
}

async function holdsByNumbers(key, row, message, signature) {
  const s = fromLittle(signature.subarray(32));
  const r = decoded(signature.subarray(0, 32));
  if (s >= ORDER || r === null) {
    return false;
  }
  const joined = new Uint8Array(64 + message.length);
  joined.set(signature.subarray(0, 32), 0);
  joined.set(key, 32);
  joined.set(message, 64);
  const challenge = fromLittle(new Uint8Array(await crypto.subtle.digest("SHA-512", joined))) % ORDER;
  // `row` is of -A: what is to hold is sB + h(-A) = R.
  const [x, y, z] = sumOf(s, BASES, challenge, row);
  return mod(x * r[2]) === mod(r[0] * z) && mod(y * r[2]) === mod(r[1] * z);
}

// A function of message and signature that says whether the holder of `key` (32 bytes) signed.
export async function signerOf(key, { byNumbers = false } = {}) {
  if (key.length !== 32) {
    return async () => false;
  }
  if (!byNumbers) {
    try {
      const known = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
      return (message, signature) =>
        signature.length === 64 ? crypto.subtle.verify({ name: "Ed25519" }, known, signature, message) : Promise.resolve(false);
    } catch {
      // This browser has no Ed25519, or does not take the key: we look ourselves.
    }
  }
  const point = decoded(key);
  if (point === null) {
    return async () => false;
  }
  const [x, y, z, t] = point;
  const row = sixteen([mod(-x), y, z, mod(-t)]);
  return async (message, signature) => signature.length === 64 && holdsByNumbers(key, row, message, signature);
}
