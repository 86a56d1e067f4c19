// Counting words as the server does (contest/core/text.py): NFC, signs without meaning dropped,
// syllables parted by white space. The class below is Python's str.split(), which JavaScript's \s
// is not (\s takes U+FEFF). tests/entries/word_vectors.json holds both sides to the same numbers.
const SPACE = /[\t-\r\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u;
const DROPPED = /[\u00ad\ufeff\u200b\u200c\u200d\u2060]/gu;

export function countWords(text) {
  return text.normalize("NFC").replace(DROPPED, "").split(SPACE).filter(Boolean).length;
}
