"""Texts that behave like Vietnamese ones where near-copies are sought: made by a script, the same each time.

Syllables come from a real stock with the frequencies of a language (Zipf), many of them in idioms of
three to five syllables that every text uses. So two texts of different hands share some shingles,
as real ones do, and the index must not take that for copying.
"""

from __future__ import annotations

import random
import unicodedata
from itertools import accumulate

from contest.core.text import fold

_ONSETS = "b c ch d đ g gi h k kh l m n ng nh ph qu r s t th tr v x".split()  # noqa: SIM905 -- read as a table
_RIMES = (  # noqa: SIM905 -- read as a table
    "a an ang anh ao au ay ăn ăng ân âu ây am ai e em en eo ê ên êu i ia iêm iên iêu im in inh o oa oan oi om on ong "
    "ô ôi ôm ôn ông ơ ơi ơn u ua uân ui um un ung uôi uôn uông ư ưa ưng ươi ươm ươn ương ươu"
).split()
_TONES = ("", "\u0300", "\u0301", "\u0309", "\u0303", "\u0323")
_STOCK = 3_000


def _syllables(rng: random.Random) -> list[str]:
    found: list[str] = []
    for onset in _ONSETS:
        for rime in _RIMES:
            vowel = next(place for place, char in enumerate(rime) if fold(char) in "aeiou")
            tone = rng.choice(_TONES)
            marked = rime[: vowel + 1] + tone + rime[vowel + 1 :]
            found.append(unicodedata.normalize("NFC", onset + marked))
    rng.shuffle(found)
    return found[:_STOCK]


class Author:
    """Writes texts; every text from one seed is the same on every machine."""

    def __init__(self, seed: int) -> None:
        language = random.Random(20270619)  # one language, whoever writes
        self._syllables = _syllables(language)
        self._weights = list(accumulate(1 / (rank + 8) for rank in range(len(self._syllables))))
        self._idioms = [
            language.choices(self._syllables, cum_weights=self._weights, k=language.randint(3, 6)) for _ in range(4_000)
        ]
        self._idiom_weights = list(accumulate(1 / (rank + 20) for rank in range(len(self._idioms))))
        self._rng = random.Random(seed)

    def words(self, number: int) -> list[str]:
        """So many syllables, a third of them in idioms."""
        rng = self._rng
        plain = rng.choices(self._syllables, cum_weights=self._weights, k=number)
        found: list[str] = []
        while len(found) < number:
            if rng.random() < 0.11:
                found += rng.choices(self._idioms, cum_weights=self._idiom_weights)[0]
            else:
                found.append(plain[len(found) % number])
        return found[:number]

    def text(self, number: int, quote: str = "") -> str:
        """So many syllables in sentences and paragraphs; `quote` stands in a third of the texts."""
        rng, words = self._rng, self.words(number)
        sentences, at = [], 0
        while at < len(words):
            length = rng.randint(8, 24)
            sentence = " ".join(words[at : at + length])
            sentences.append(sentence[:1].upper() + sentence[1:] + rng.choice((".", ".", ",", "…", "!")))
            at += length
        if quote and rng.random() < 0.34:
            sentences.insert(len(sentences) // 2, quote)
        return "\n\n".join(" ".join(sentences[start : start + 5]) for start in range(0, len(sentences), 5))


def copied(source: str, author: Author, rng: random.Random) -> str:
    """A text of the same length, a third of which is taken from `source` and disguised.

    Whole sentences in another order, with one of: marks dropped, capitals, other punctuation, a
    syllable in fifteen exchanged.
    """
    words = source.split()
    third = len(words) // 3
    start = rng.randrange(len(words) - third + 1)
    taken = words[start : start + third]
    how = rng.randrange(4)
    if how == 0:
        taken = [fold(word) for word in taken]
    elif how == 1:
        taken = [word.upper() for word in taken]
    elif how == 2:
        taken = [word.strip(".,…!") for word in taken]
    else:
        taken = [author.words(1)[0] if place % 15 == 14 else word for place, word in enumerate(taken)]
    middle = len(taken) // 2
    own_words = author.text(len(words) - third).split("\n\n")
    own_words.insert(rng.randrange(len(own_words) + 1), " ".join(taken[middle:]))
    own_words.insert(rng.randrange(len(own_words) + 1), " ".join(taken[:middle]))
    return "\n\n".join(own_words)
