"""Results of golden questions, made up: right unless it is said what is wrong."""

from bot.evaluation.results import Result
from bot.golden import Golden
from bot.messages import Answer, Citation, Dropped, Outcome, Suggestion, Tokens


def citation(number=1, **changes):
    told = {
        "source": "wiki",
        "document": "a.md",
        "title": "A",
        "url": None,
        "heading": (),
        "page": None,
        "quote": "A.",
        "updated_at": None,
        "author": None,
        "language": "en",
    }
    return Citation(number, **{**told, **changes})


def result(
    *,
    rank=1,
    outcome="answered",
    quoted=True,
    cited=True,
    citations=None,
    imprecise=0,
    seconds=1.0,
    language="en",
    confidence=0.9,
    suggestions=(),
    dropped=(),
    model=None,
    tokens=(0, 0),
    **golden,
):
    """A question about `a.md`, of which `a` is the answer."""
    answered = outcome in ("answered", "partial")
    shown = tuple(citations if citations is not None else [citation()] * answered)
    return Result(
        Golden(**{"id": "1", "question": "Why?", "document": "a.md", "answer_spans": ("a",), **golden}),
        language,
        rank,
        Answer(
            Outcome(outcome),
            "en",
            "A.",
            citations=shown,
            suggestions=tuple(Suggestion(*one) for one in suggestions),
            dropped=tuple(Dropped(*one) for one in dropped),
            model=model,
            tokens=Tokens(*tokens),
            confidence=confidence,
        ),
        quoted=quoted and answered,
        shown=quoted and answered,
        page=cited,
        precise=len(shown) - imprecise,
        seconds=seconds,
        cited=cited and answered,
    )


def unanswerable(**changes):
    """A question that no document answers, refused unless it is said otherwise."""
    known = {"document": None, "answer_spans": (), "answerable": False}
    refused = {"rank": None, "outcome": "not_found", "quoted": False, "cited": False}
    return result(**{**known, **refused, **changes})
