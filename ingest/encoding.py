"""What makes a text findable: its terms and its vector, through a pivot language where the model needs one.

A model that reads only English reads a Spanish passage through its machine translation: the passage keeps
its own terms, gains those of the translation, and its vector is made from the translation. Questions take the
same road, so the two meet whichever language either is in. What is quoted and shown is always the original.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ingest.embedding import Embedder, ProviderEmbedder
from ingest.index import Vector
from ingest.language import LANGUAGES, detect, question_terms, terms
from ingest.translation import Translator

REMEMBERED = 32 << 20
"""Bytes of vectors that are kept of what questions were weighed against: 21,845 of the local model's."""


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """What the index stores of a passage."""

    terms: list[str]
    pivot_terms: list[str]
    """Of the pivot; none where there is none."""
    vector: Vector
    """Of unit length, shape (dimension,)."""
    pivot: str | None
    """The passage in the embedding model's language, line by line, where it was translated for the model."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What the index is asked with."""

    text: str
    language: str
    """ISO 639-1."""
    terms: tuple[str, ...]
    """Of the question and of its translations, each once."""
    vector: Vector
    known: bool
    """Whether the embedding model understands the question, by itself or through its translation."""
    pivot: str | None
    """The question in the embedding model's language, where it was translated."""


class Encoder:
    """An embedding model, a translator where one helps, and the analysis of words, as one. Thread-safe."""

    def __init__(self, embedder: Embedder, translator: Translator) -> None:
        self.embedder = embedder
        self.translator = translator
        known = embedder.languages
        # A model that knows every language is given no translations, so then it matters not.
        self.pivot = "en" if known is None or "en" in known else min(known)
        """The language of pivots."""
        bridged = [each for each in sorted(LANGUAGES) if self._bridges(each)]
        parts = [embedder.name, str(embedder.dimension)]
        self.name = "-".join([*parts, translator.name, *bridged] if bridged else parts)
        self.together = 12 if isinstance(embedder, ProviderEmbedder) else 2
        """Texts that are best embedded in one call where more may be wanted: each takes time here, but hardly
        any of a model behind a network."""
        # Only what never fails for a while is remembered; the translator remembers its own work.
        self._embed_question = lru_cache(maxsize=1024)(embedder.question)
        self._remembered = _Memory(REMEMBERED // (4 * embedder.dimension))

    def passages(
        self, texts: Sequence[str], languages: Sequence[str], pivots: Sequence[str | None] | None = None
    ) -> list[Encoded]:
        """Encode passages, each with its title and headings above it, in their languages.

        `pivots` are translations made before; a `None` among them is made now. A passage whose translation
        fails is embedded as it is.
        """
        known, vectors = self._embed(texts, languages, pivots or [None] * len(texts))
        return [
            Encoded(terms(text, language), self._pivot_terms(pivot), vector, pivot)
            for text, language, pivot, vector in zip(texts, languages, known, vectors, strict=True)
        ]

    def vectors(
        self, texts: Sequence[str], languages: Sequence[str], pivots: Sequence[str | None]
    ) -> list[Vector]:
        """The vectors alone that `passages` gives; those asked for lately are not made anew.

        For what is looked at again and again: the sentences that questions are weighed against.
        """
        wanted = list(zip(texts, languages, pivots, strict=True))
        return self._remembered.look_up(wanted, self._make_vectors)

    def _make_vectors(self, wanted: Sequence[_Wanted]) -> list[tuple[Vector, bool]]:
        """Vectors, each with whether it is worth keeping: that of a text whose translation failed is not."""
        texts, languages, pivots = zip(*wanted, strict=True)
        known, vectors = self._embed(texts, languages, pivots)
        settled = [
            pivot is not None or not self._bridges(language)
            for pivot, language in zip(known, languages, strict=True)
        ]
        return list(zip(vectors, settled, strict=True))

    def _embed(
        self, texts: Sequence[str], languages: Sequence[str], pivots: Sequence[str | None]
    ) -> tuple[list[str | None], Vector]:
        """The texts in the pivot language, where the model needs it, and the vectors of what it reads."""
        known = self._translate(texts, languages, pivots)
        return known, self.embedder.documents(
            [pivot or text for text, pivot in zip(texts, known, strict=True)]
        )

    def question(self, text: str, language: str | None = None) -> Question:
        """Encode a question; its language is found out where it is not given.

        A question in a language that the model does not know asks with its own words and those of its
        translation. One that the model knows needs no more than its own, since every passage in another
        language carries the model's language too; adding translated words was measured to do harm.
        """
        language = language or detect(text)
        [pivot] = self._translate([text], [language], [None])
        own = question_terms(text, language)
        return Question(
            text=text,
            language=language,
            terms=tuple(dict.fromkeys(own + (question_terms(pivot, self.pivot) if pivot else []))),
            vector=self._embed_question(pivot or text),
            known=pivot is not None or self._understands(language),
            pivot=pivot,
        )

    def _pivot_terms(self, pivot: str | None) -> list[str]:
        return terms(pivot, self.pivot) if pivot else []

    def close(self) -> None:
        """Stop the translator's programs; they start again when they are needed."""
        self.translator.close()

    def _translate(
        self, texts: Sequence[str], languages: Sequence[str], pivots: Sequence[str | None]
    ) -> list[str | None]:
        """The texts in the pivot language, where the model needs it and the translator can."""
        found: list[str | None] = [
            pivot if self._bridges(language) else None
            for pivot, language in zip(pivots, languages, strict=True)
        ]
        for language in sorted(set(languages)):
            wanted = [
                place
                for place, each in enumerate(languages)
                if each == language and found[place] is None and self._bridges(language)
            ]
            made = self.translator.translate([texts[place] for place in wanted], language, self.pivot)
            for place, translation in zip(wanted, made, strict=True):
                found[place] = translation
        return found

    def _understands(self, language: str) -> bool:
        return self.embedder.languages is None or language in self.embedder.languages

    def _bridges(self, language: str) -> bool:
        """Whether texts in this language are translated for the model."""
        return not self._understands(language) and self.translator.can(language, self.pivot)


_Wanted = tuple[str, str, str | None]
"""A text, its language, and its translation where there is one."""


class _Memory:
    """The vectors that were asked for last, at most `size` of them. Thread-safe."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._vectors: OrderedDict[_Wanted, Vector] = OrderedDict()
        self._turn = threading.Lock()

    def look_up(
        self,
        wanted: Sequence[_Wanted],
        make: Callable[[Sequence[_Wanted]], Sequence[tuple[Vector, bool]]],
    ) -> list[Vector]:
        """All that is wanted, in order; `make` is asked for what is not here, and says what may be kept."""
        with self._turn:
            found = {one: self._vectors[one] for one in wanted if one in self._vectors}
            for one in found:
                self._vectors.move_to_end(one)
        if new := [one for one in dict.fromkeys(wanted) if one not in found]:
            made = dict(zip(new, make(new), strict=True))
            found |= {one: vector for one, (vector, _) in made.items()}
            with self._turn:
                self._vectors |= {one: vector for one, (vector, settled) in made.items() if settled}
                while len(self._vectors) > self._size:
                    self._vectors.popitem(last=False)
        return [found[one] for one in wanted]
