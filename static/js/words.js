// Counting words as the server does (contest/core/text.py): NFC, signs without meaning dropped,
// syllables parted by white space. The class below is Python's str.split(), which JavaScript's \s
// is not (\s takes U+FEFF). tests/vectors/words.json holds both sides to the same numbers.
const SPACE = /[\t-\r\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u;
const DROPPED = /[\u00ad\ufeff\u200b\u200c\u200d\u2060]/gu;

export function countWords(text) {
  return text.normalize("NFC").replace(DROPPED, "").split(SPACE).filter(Boolean).length;
}

// The words of light markup (contest/core/richtext): without what marks headings, quotations, items and
// photos. Stars that touch a word change no count.
const MARK = /^\s*(?:#{1,3} +|> +|\*(?= +\S)(?!(?: \*)*\s*$) +|[0-9]{1,3}\. +|\[photo:[0-9A-Za-z_-]{1,40}\]\s*$)/u;

export function bodyOf(source) {
  return source.split(/\r\n|\r|\n/u).map((line) => (line.trim() === ">" ? "" : line.replace(MARK, ""))).join("\n");
}
