"""Row 4 of the reliability contract, for Teams: what is asked among several shows only what all may read.

In each channel and group chat there is one outsider: a colleague of another department, a guest, somebody who
has not signed in, of another tenant or without an address, or of whom a shared channel does not tell. What is
shown there, streamed, changed or taken back, and what outsiders are shown in dialogs that they open below, is
searched for the words of the restricted documents.
"""

import pytest

from bot.audience import principals_for
from bot.messages import Person
from tests.contract.chats import await_done
from tests.contract.chats_teams import OUTSIDERS, read
from tests.contract.test_audience import CANARY, TOPICS, base, question
from tests.contract.test_injections import in_process, write_with
from tests.models.scripted import Extractive
from tests.teams.cards import actions_of, cards_of

__all__ = ["base"]

WAYS = ("channel", "follow-up", "unasked", "group chat")
AT_ONCE = 50
"""Questions at the same moment."""


def kind_at(number):
    return OUTSIDERS[number // len(WAYS) % len(OUTSIDERS)]


def ask_among_others(kb, chat, count):
    """Ask so many questions where one outsider is, open every dialog below, and ask the same alone."""
    assert "group:hr" in principals_for(kb, Person("ana@acme.com"))
    ana, eva = chat.person("ana"), chat.person("eva")
    outsiders = {kind: chat.person(f"out{number}", kind) for number, kind in enumerate(OUTSIDERS)}
    rooms = {kind: chat.room(f"room{number}", ana, eva, outsiders[kind], kind=kind)
             for number, kind in enumerate(OUTSIDERS)}  # fmt: skip
    groups = {kind: chat.group(f"group{number}", ana, eva, outsiders[kind])
              for number, kind in enumerate(OUTSIDERS)}  # fmt: skip
    places, told_outsiders, told_askers = [*rooms.values(), *groups.values()], [], []
    with chat.serving(kb):
        for start in range(0, count, AT_ONCE):
            together = range(start, min(count, start + AT_ONCE))
            asked = [put(chat, number, (ana, eva)[number % 2], rooms, groups) for number in together]
            await_done(kb, len(asked), seconds=180)
            for number, one in zip(together, asked, strict=True):
                told_outsiders += open_dialogs(chat, outsiders[kind_at(number)], one)
                told_askers += open_dialogs(chat, (ana, eva)[number % 2], one)
        leaks = [place for place in places if CANARY in chat.shown_in(place)]
        alone = [chat.ask(ana, ana, question(number)) for number in range(TOPICS)]
        told = [read(chat.answers(one)) for one in alone]
        asked_outside = [chat.ask(person, person, question(0)) for person in outsiders.values()]
        leaks += [one["from"]["name"] for one in asked_outside if CANARY in read(chat.answers(one))]
        silent = [place for place in places if not chat.teams.posted(place)]
    assert [number for number, text in enumerate(told) if f"{CANARY}{number}text" not in text] == []
    assert silent == [], "nothing was said where something was asked"
    return leaks, [one for one in told_outsiders if CANARY in str(one)], told_askers


def put(chat, number, person, rooms, groups):
    """Ask in one of the ways: the last message that was written."""
    way, kind = WAYS[number % len(WAYS)], kind_at(number)
    if way == "group chat":
        return chat.ask(person, groups[kind], question(number))
    asked = chat.ask(person, rooms[kind], question(number))
    if way == "channel":
        return asked
    chat.answers(asked)  # so that Sabio takes part in what follows
    return chat.ask(person, rooms[kind], question(number), thread=asked, mention=way == "follow-up")


def open_dialogs(chat, person, asked):
    """What somebody is shown in the dialogs of the buttons below the replies to a message."""
    return [
        chat.teams.press(person, reply, action["data"]).wait(60)
        for reply in chat.answers(asked)
        for action in actions_of([*cards_of(reply)])
        if "task/fetch" in str(action.get("data"))
    ]


def check(leaks, wrongly_shown, told_askers):
    assert leaks == []
    assert wrongly_shown == []
    assert any(CANARY in str(one) for one in told_askers), "nobody was shown in private what they may read"


def test_a_question_among_others_shows_nothing_that_one_of_them_may_not_read(base, teams_chat):
    write_with(base, in_process(Extractive()))
    check(*ask_among_others(base, teams_chat, 24))


@pytest.mark.contract
@pytest.mark.parametrize("worded", [False, True])
def test_five_hundred_questions_among_others_show_nothing(base, teams_chat, worded):
    write_with(base, in_process(Extractive()) if worded else None)
    check(*ask_among_others(base, teams_chat, 250))
