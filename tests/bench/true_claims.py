"""Texts, and what may truly be said of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.sentences import sentences
from ingest.documents import Chunk, Content, Kind
from ingest.language import detect
from ingest.ledger.confirming import Passage
from ingest.parsing.markdown import read_md
from ingest.translation import Translator
from tests.bench.rewording import REWORDINGS, answer_in_a_sentence

PARTS = ("even", "odd", "unseen")
"""Even articles were read while the rules were made, a few failures of odd ones too; of SQuAD 2.0 none."""


@dataclass(frozen=True)
class Text:
    """A passage to make claims of."""

    language: str
    part: str
    """Of `PARTS`."""
    title: str
    heading: tuple[str, ...]
    text: str
    sentences: tuple[str, ...]
    questions: tuple[tuple[str, str, int], ...] = ()
    """Question, answer, and where in the text the answer begins."""

    @property
    def passage(self) -> Passage:
        """As the ledger confirms it."""
        chunk = Chunk(self.title, self.text, self.heading, language=self.language)
        everyone = frozenset({"everyone"})
        return Passage(chunk, 0, self.title, self.title, "bench", self.title, None, None, None, everyone)


@dataclass(frozen=True)
class Claim:
    """Something that is said of a quote."""

    kind: str
    text: str
    language: str
    quote: str
    quoted: Text
    question: str = ""

    @property
    def languages(self) -> str:
        """Of the claim, and of the quote where it is another."""
        same = self.language == self.quoted.language
        return self.language if same else f"{self.language} of {self.quoted.language}"

    @property
    def cell(self) -> tuple[str, str, str]:
        """Where it is counted: kind, languages, part."""
        return self.kind, self.languages, self.quoted.part


def read_xquad(data: Path) -> Iterator[Text]:
    """Every paragraph of XQuAD in both languages."""
    for language in ("en", "es"):
        for number, article in enumerate(_articles(data / f"xquad/xquad.{language}.json")):
            for paragraph in article["paragraphs"]:
                text = paragraph["context"].lstrip("\ufeff")
                shift = len(paragraph["context"]) - len(text)
                asked = tuple(
                    (one["question"], one["answers"][0]["text"], one["answers"][0]["answer_start"] - shift)
                    for one in paragraph["qas"]
                )
                title = article["title"].replace("_", " ")
                yield Text(language, PARTS[number % 2], title, (), text, tuple(sentences(text)), asked)


def read_squad(data: Path) -> Iterator[Text]:
    """Every paragraph of SQuAD 2.0, in English."""
    for article in _articles(data / "squad2/dev.json"):
        for paragraph in article["paragraphs"]:
            text, title = paragraph["context"], article["title"].replace("_", " ")
            yield Text("en", "unseen", title, (), text, tuple(sentences(text)))


def _articles(file: Path) -> list[Any]:
    articles: list[Any] = json.loads(file.read_text(encoding="utf-8"))["data"]
    return articles


def read_pages(folder: Path, language: str) -> Iterator[Text]:
    """The sections of Markdown pages that state something in that language."""
    for number, path in enumerate(sorted(folder.rglob("*.md"))):
        document = read_md(Content(path.read_bytes(), path.name, "text/markdown"), ("en", "es"))
        sections: dict[tuple[str, ...], list[str]] = {}
        for section in document.sections:
            if section.kind in {Kind.TEXT, Kind.ITEM}:
                sections.setdefault(section.heading, []).append(section.text)
        for heading, parts in sections.items():
            text = "\n".join(parts)
            whole = tuple(one for part in parts for one in sentences(part) if _is_statement(one))
            if whole and detect(text) == language:
                title = document.title or path.stem
                yield Text(language, PARTS[number % 2], title, heading, text, whole)


def _is_statement(sentence: str) -> bool:
    return len(sentence.split()) >= 6 and sentence.endswith(".") and sentence[0].isupper()


def true_claims(texts: Sequence[Text], translator: Translator) -> Iterator[Claim]:
    """Sentences as they stand, in other words by rule, as answers, and in the other language."""
    for text in texts:
        for number, sentence in enumerate(text.sentences):
            yield Claim("verbatim", sentence, text.language, sentence, text)
            both = f"{sentence} {text.sentences[number + 1]}" if number + 1 < len(text.sentences) else ""
            if both and both in text.text:
                yield Claim("verbatim, two sentences quoted", sentence, text.language, both, text)
            for kind, reword in REWORDINGS.items():
                for claim in dict.fromkeys(reword(sentence, text.language)):
                    if claim != sentence:
                        yield Claim(kind, claim, text.language, sentence, text)
        yield from _answers(text)
    yield from _machine_translations(texts, translator)
    yield from _translations(texts)


def _answers(text: Text) -> Iterator[Claim]:
    """Question and answer in one sentence, where the sentence that answers has all its names and numbers."""
    for question, answer, place in text.questions:
        claim = answer_in_a_sentence(question, answer, text.language)
        begins = [(text.text.find(one), one) for one in text.sentences]
        quote = next((one for start, one in begins if start <= place < start + len(one)), None)
        if claim is None or quote is None:
            continue
        facts = re.findall(r"\d+|(?<= )[A-ZÁÉÍÓÚÑ]\w+", claim)
        if all(fact.lower() in f"{quote} {text.title}".lower() for fact in facts):
            yield Claim("question and answer", claim, text.language, quote, text, question)


def _machine_translations(texts: Sequence[Text], translator: Translator) -> Iterator[Claim]:
    for text in texts:
        other = "es" if text.language == "en" else "en"
        made = translator.translate(list(text.sentences), text.language, other)
        for sentence, claim in zip(text.sentences, made, strict=True):
            if claim:
                yield Claim("translated by machine", claim, other, sentence, text)


def _translations(texts: Sequence[Text]) -> Iterator[Claim]:
    """Sentences of XQuAD's translators, where both paragraphs have as many and these the same digits."""
    asked = [[text for text in texts if text.questions and text.language == each] for each in ("en", "es")]
    for one, other in zip(*asked, strict=True):
        if len(one.sentences) != len(other.sentences):
            continue
        for mine, theirs in zip(one.sentences, other.sentences, strict=True):
            digits = [sorted(re.findall(r"\d", each)) for each in (mine, theirs)]
            if digits[0] == digits[1] and 0.6 < len(mine) / len(theirs) < 1.6:
                yield Claim("translated by people", mine, "en", theirs, other)
                yield Claim("translated by people", theirs, "es", mine, one)
