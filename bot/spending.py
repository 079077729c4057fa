"""What language models cost, a day and a person at a time, and the caps on it.

The cost of a question is written down before a model is asked, as an estimate, and put right afterwards: what
a process that is killed meanwhile spent is not lost, and another that asks at the same moment sees it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from bot.composing import StoppedError
from bot.messages import Tokens
from config.errors import UnavailableError
from config.telemetry import observe_metric
from ingest.knowledge import KnowledgeBase
from ingest.ledger import asking, now

log = logging.getLogger("bot")

ESTIMATE = Tokens(3000, 300)
"""What a question takes, before it is known: eight passages and the rules, and a short answer."""


class Bill:
    """What one question took: `add` to it what each model was asked."""

    def __init__(self) -> None:
        self.tokens = Tokens()

    def add(self, model: str | None, tokens: Tokens) -> None:
        """Note what a model read and wrote."""
        self.tokens += tokens
        if model:
            observe_metric("model_tokens", tokens.in_, model=model, direction="in")
            observe_metric("model_tokens", tokens.out, model=model, direction="out")


@contextmanager
def spending(kb: KnowledgeBase, person: str | None) -> Iterator[Bill | None]:
    """A bill for a question of this person; None where a cap is reached, and no model may be asked."""
    day, who = now().date().isoformat(), person or ""
    estimate = ESTIMATE
    with kb.ledger.write() as ledger:
        caps = kb.settings.spend
        reached = (caps.per_day is not None and asking.spent(ledger, day) >= caps.per_day) or (
            caps.per_person is not None and asking.spent(ledger, day, who) >= caps.per_person
        )
        if not reached:
            asking.spend(ledger, day, who, estimate.in_, estimate.out, cost(kb, estimate))
    if reached:
        yield None
        return
    bill = Bill()
    try:
        yield bill
    except StoppedError:
        bill.tokens = bill.tokens.most(estimate)  # what was written until then is not known
        raise
    finally:
        more = Tokens(bill.tokens.in_ - estimate.in_, bill.tokens.out - estimate.out)
        try:
            with kb.ledger.write() as ledger:
                asking.spend(ledger, day, who, more.in_, more.out, cost(kb, more))
        except UnavailableError as error:
            log.warning("what a question cost stays an estimate: %s", error)


def cost(kb: KnowledgeBase, tokens: Tokens) -> float:
    """In the currency of the settings' prices."""
    caps = kb.settings.spend
    return (tokens.in_ * caps.price_in + tokens.out * caps.price_out) / 1_000_000
