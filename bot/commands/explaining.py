"""`why`, in few lines: where a document stands, or what an answer was decided on."""

from __future__ import annotations

from bot import wording
from bot.commands.asked import Asked
from bot.messages import Notice
from bot.why import Decision, Standing, explain

_SHOWN = 3
"""Passages and sentences that are told."""
_LONGEST = 200


def why(asked: Asked) -> Notice:
    """Explain it with the permissions of whoever asks: who runs Sabio need not be allowed to read all of it.

    Another's answer is therefore decided anew, and what it said is not told.
    """
    if asked.person.email is None:
        return asked.notice("why_needs_email")
    found = explain(asked.kb, asked.command.about, asked.person.email)
    if found.question:
        return _decision(asked, found.question)
    lines = [line for one in found.documents for line in _document(asked, one)]
    return asked.notice("why_document", asked.cut(lines))


def _document(asked: Asked, one: Standing) -> list[str]:
    place = f"{one.source}/{one.document}" if one.source else one.document
    lines = [asked.say("of_source", source=place, said=asked.say(f"state_{one.state}"))]
    if not one.configured:
        lines.append(asked.say("not_configured"))
    if one.ignored:
        lines.append(asked.say("ignored_by", rule=one.ignored))
    if one.published:
        moment = asked.clock(one.published["at"])
        lines.append(asked.say("published_at", time=moment, count=one.published["chunks"]))
    reasons = (one.pending or {}).get("reason"), (one.quarantined or {}).get("reason"), one.problem
    lines += [asked.say("because", reason=reason) for reason in reasons if reason]
    if one.missing_since:
        lines.append(asked.say("missing_since", time=asked.clock(one.missing_since)))
    if one.title is not None:
        readers = ", ".join(one.readers or ()) or asked.say("nobody")
        lines.append(asked.say("readers", readers=readers))
    if one.permission:
        lines.append(asked.say("may_read" if one.permission.may else "may_not_read"))
    return lines


def _decision(asked: Asked, one: Decision) -> Notice:
    def decimal(number: float) -> str:
        return wording.number(round(number, 2), asked.language)

    lines = []
    if one.asked:
        moment = asked.clock(one.asked["at"])
        lines.append(
            asked.say("why_asked", time=moment, outcome=asked.say(f"outcome_{one.asked['outcome']}"))
        )
    lines += [
        asked.say(
            "why_now",
            outcome=asked.say(f"outcome_{one.outcome}"),
            confidence=decimal(one.confidence),
            answered=decimal(one.thresholds["answered"]),
            partial=decimal(one.thresholds["partial"]),
        ),
        asked.say("why_words", words=", ".join(one.terms)),
    ]
    for row in one.passages[:_SHOWN]:
        heading = [part for part in row["heading"] if part != row["title"]]
        place = " › ".join([f"{row['source']}/{row['document']}", *heading])
        lines.append(asked.say("why_passage", place=place, score=decimal(row["score"])))
    lines += [
        asked.say("why_sentence", quote=_cut(row["quote"]), score=decimal(row["score"]))
        for row in one.units[:_SHOWN]
    ]
    lines += [asked.say("why_dropped", text=_cut(each.text), rule=each.rule) for each in one.dropped[:_SHOWN]]
    return Notice(asked.say("why_question", question=_cut(one.question)), tuple(lines))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
