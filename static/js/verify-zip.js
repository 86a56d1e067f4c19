// Files out of a .zip, by its directory at the end: stored or deflated, also of more than 4 GB.
const u16 = (view, at) => view.getUint16(at, true);
const u32 = (view, at) => view.getUint32(at, true);
const u64 = (view, at) => Number(view.getBigUint64(at, true));

const viewOf = async (file, from, to) => new DataView(await file.slice(from, to).arrayBuffer());

async function directory(file) {
  const from = Math.max(0, file.size - 66000);
  const tail = await viewOf(file, from, file.size);
  for (let at = tail.byteLength - 22; at >= 0; at -= 1) {
    if (u32(tail, at) === 0x06054b50) {
      const [size, start] = [u32(tail, at + 12), u32(tail, at + 16)];
      if (start === 0xffffffff && at >= 20 && u32(tail, at - 20) === 0x07064b50) {
        const end = await viewOf(file, u64(tail, at - 12), u64(tail, at - 12) + 56);
        return { size: u64(end, 40), start: u64(end, 48) };
      }
      return { size, start };
    }
  }
  return null;
}

// Sizes and place of a file, the long ones from the extra field where they stand.
function entryAt(view, at) {
  const [nameLength, extraLength] = [u16(view, at + 28), u16(view, at + 30)];
  const found = { method: u16(view, at + 10), packed: u32(view, at + 20), size: u32(view, at + 24), start: u32(view, at + 42) };
  const name = new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at + 46, nameLength));
  let extra = at + 46 + nameLength;
  const end = extra + extraLength;
  while (extra + 4 <= end) {
    const length = u16(view, extra + 2);
    if (u16(view, extra) === 1) {
      let long = extra + 4;
      for (const key of ["size", "packed", "start"]) {
        if (found[key] === 0xffffffff) {
          found[key] = u64(view, long);
          long += 8;
        }
      }
    }
    extra += 4 + length;
  }
  return { ...found, name, next: end + u16(view, at + 32) };
}

async function content(file, entry, room) {
  const head = await viewOf(file, entry.start, entry.start + 30);
  if (u32(head, 0) !== 0x04034b50) {
    return null;
  }
  const from = entry.start + 30 + u16(head, 26) + u16(head, 28);
  const packed = file.slice(from, from + entry.packed);
  if (entry.method === 0) {
    return new File([packed], entry.name);
  }
  if (entry.method !== 8) {
    return null;
  }
  const reader = packed.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const parts = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return size === entry.size ? new File(parts, entry.name) : null;
    }
    size += value.length;
    if (size > Math.min(room, entry.size)) {
      reader.cancel().catch(() => {});
      return null;
    }
    parts.push(value);
  }
}

// Name → File of those of `names` that are in it; null for what is no .zip, or is larger than `most` bytes in all.
export async function unzipped(file, names, most) {
  try {
    const where = await directory(file);
    if (where === null || where.size > 1 << 20) {
      return null;
    }
    const view = await viewOf(file, where.start, where.start + where.size);
    const found = {};
    let room = most;
    for (let at = 0; at + 46 <= view.byteLength; ) {
      const entry = entryAt(view, at);
      if (u32(view, at) !== 0x02014b50) {
        return null;
      }
      if (names.includes(entry.name)) {
        found[entry.name] = await content(file, entry, room);
        if (found[entry.name] === null) {
          return null;
        }
        room -= found[entry.name].size;
      }
      at = entry.next;
    }
    return found;
  } catch {
    return null;
  }
}
