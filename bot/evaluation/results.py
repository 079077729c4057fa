"""What became of a golden question: its answer, whether that is right, and else in which way it is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf

from bot.golden import Golden
from bot.messages import Answer, Outcome

RECALLED = (1, 5, 10)
"""The places up to which a right document counts as found."""

Measures = dict[str, tuple[float, int]]
"""By figure, what was reached and of how much: a share is the sum of the one by the sum of the other."""


class Failure(StrEnum):
    """How an answer can be wrong; one that is so in several ways is the first of them."""

    IMPRECISE = "imprecise"
    """A quote does not stand where it is cited: a defect of Sabio."""
    INVENTED = "answered_unanswerable"
    """Answered, although no document answers it."""
    REFUSED = "refused"
    """Told as not found, although a document answers it."""
    PAGE = "wrong_page"
    """Answered from another page."""
    SENTENCE = "wrong_sentence"
    """Answered from the right page, with other words."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one question."""

    golden: Golden
    language: str
    rank: int | None
    """Place of the first right document among those found, from 1."""
    answer: Answer
    quoted: bool
    """A quote has the expected words."""
    shown: bool
    """A quote, or the words shown of a suggested page, have them."""
    page: bool
    """A right document was cited or suggested."""
    precise: int
    """Quotes that stand in the published document that they cite."""
    seconds: float
    cited: bool = False
    """A right document was cited."""

    @property
    def refused(self) -> bool:
        """Whether nothing was answered."""
        return self.answer.outcome not in (Outcome.ANSWERED, Outcome.PARTIAL)

    @property
    def failure(self) -> Failure | None:
        """What is wrong with the answer; None for a right one."""
        if self.precise < len(self.answer.citations):
            return Failure.IMPRECISE
        if not self.golden.answerable:
            return None if self.refused else Failure.INVENTED
        if self.refused:
            return Failure.REFUSED
        from_right_page = self.cited or not self.golden.documents
        if self.quoted if self.golden.answer_spans else from_right_page:
            return None
        return Failure.SENTENCE if from_right_page else Failure.PAGE

    def measures(self) -> Measures:
        """What the question adds to each figure that it counts for."""
        found: Measures = {}
        if self.golden.documents:
            place = self.rank or inf
            found |= {f"recall@{k}": (float(place <= k), 1) for k in RECALLED}
            found[f"mrr@{RECALLED[-1]}"] = (1 / place if place <= RECALLED[-1] else 0.0, 1)
        if self.golden.answerable and self.golden.answer_spans:
            found["contains_expected"] = (float(self.quoted), 1)
            found["shown"] = (float(self.shown), 1)
            found["shown_or_page"] = (float(self.shown or self.page), 1)
        if self.golden.answerable:
            found["refused"] = (float(self.refused), 1)
        else:
            found["answered_unanswerable"] = (float(not self.refused), 1)
        if quotes := len(self.answer.citations):
            found["citation_precision"] = (float(self.precise), quotes)
        return found
