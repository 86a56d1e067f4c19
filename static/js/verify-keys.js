// Keys of bytes to their number in order of coming, millions of them without millions of objects.
export class Keys {
  constructor(width) {
    this.width = width;
    this.size = 0;
    this.bytes = new Uint8Array(width * 1024);
    this.slots = new Int32Array(4096).fill(-1);
    // Nobody who makes a log can know where their keys fall.
    this.seed = crypto.getRandomValues(new Uint32Array(1))[0] | 1;
  }

  // The number of a key, -1 for one that has not come; what `slot` it has or would have.
  find(key) {
    const mask = this.slots.length - 1;
    let hash = this.seed;
    for (let at = 0; at < this.width; at += 1) {
      hash = Math.imul(hash ^ key[at], 0x01000193 ^ (this.seed << 8));
      hash ^= hash >>> 15;
    }
    let slot = hash & mask;
    for (;;) {
      const number = this.slots[slot];
      if (number < 0) {
        this.slot = slot;
        return -1;
      }
      const from = number * this.width;
      let at = 0;
      while (at < this.width && this.bytes[from + at] === key[at]) {
        at += 1;
      }
      if (at === this.width) {
        return number;
      }
      slot = (slot + 1) & mask;
    }
  }

  // Right after `find` did not find it.
  add(key) {
    const number = this.size;
    if ((number + 1) * this.width > this.bytes.length) {
      this.bytes = grown(this.bytes);
    }
    this.bytes.set(key, number * this.width);
    this.slots[this.slot] = number;
    this.size += 1;
    if (this.size * 2 > this.slots.length) {
      const old = this.size;
      this.slots = new Int32Array(this.slots.length * 2).fill(-1);
      for (let each = 0; each < old; each += 1) {
        this.find(this.get(each));
        this.slots[this.slot] = each;
      }
    }
    return number;
  }

  get(number) {
    return this.bytes.subarray(number * this.width, (number + 1) * this.width);
  }
}

export function grown(array) {
  const larger = new array.constructor(array.length * 2);
  larger.set(array, 0);
  return larger;
}
