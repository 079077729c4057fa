"""Row 39 of the reliability contract: whatever is down, there is an honest reply, and soon.

Each dependency is cut off while questions are asked: the language model in every way in which servers go
wrong, its fallback too, the ledger, the index, Redis. What is told is quoted and stands in a published page,
or it is told that something is unavailable; never that nothing was found, and never nothing. A flood of
questions is bounded, and each of its questions is answered, if only by asking for patience.
"""

import shutil
import sqlite3
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress

import pytest
from sqlalchemy import select

from bot.door import handle
from bot.messages import Message, Outcome, Person
from bot.writer import open_writer
from config.errors import UnavailableError
from ingest.ledger.tables import questions
from tests.contract.seen import check_quotes, look
from tests.doubles import open_base
from tests.models import behaviours as b
from tests.models.obedient import Obedient
from tests.models.scripted import Extractive, Inventive
from tests.services.proxy import Proxy
from workers.local import sync_sources

ANA = Person("ana@acme.com", "Ana")
QUESTION = "What is the badger code today?"
PAGES = {
    "badger": "The badger code is 4711 today. It is changed on Fridays.",
    "otter": "The otter code is 4712 today. Otters swim in the river.",
    "heron": "Herons stand in the water all day long.",
}
PROMISE = 10.0
"""Seconds from a failure to the reply."""

WAYS = {
    "hang": b.hang,
    "nothing for long": b.slow_start(60),
    "keeps the line open": b.keep_alive(0.05),
    "stalls at once": b.stall_after(0),
    "stalls in the middle": b.stall_after(8),
    "reset": b.reset,
    "cut in the middle": b.cut_after(8),
    "reset in the middle": b.cut_after(8, b.End.RESET),
    "ends in the middle": b.end_after(8),
    "breaks down in the middle": b.error_after(8),
    "out of tokens": b.out_of_tokens(8),
    "429": b.status(429),
    "429 for a minute": b.status(429, 60),
    "429 for a moment": b.status(429, 0.1),
    "500": b.status(500),
    "503": b.status(503),
    "wrong key": b.status(401),
    "a page that wants a login": b.page(200),
    "a gateway's page": b.page(502),
    "broken JSON": b.broken_json,
    "half a letter": b.half_utf8,
    "not an object": b.not_an_object,
    "nothing said": b.empty,
    "refuses": b.refuses,
    "a byte at a time": b.trickle_bytes(0.0),
    "no end": b.no_done,
    "no counts": b.no_usage,
}
"""How a server of language models goes wrong; with the last three an answer comes all the same."""
SILENT = {"hang", "nothing for long", "keeps the line open", "stalls at once", "stalls in the middle"}


def fill(kb):
    wiki = kb.connectors["wiki"]
    for name, text in PAGES.items():
        wiki.edit(name, text=text, title=name)
    [report] = sync_sources(kb, ["wiki"])
    assert report["outcome"] == "done"
    return kb


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with open_base(tmp_path_factory.mktemp("shared"), memory=["wiki"]) as opened:
        yield fill(opened)


@pytest.fixture
def kb(shared):
    """A knowledge base whose settings a test may change."""
    before = shared.settings
    yield shared
    vars(shared)["settings"] = before
    if writer := shared._kept.pop("writer", None):
        writer.close()


@pytest.fixture
def own_kb(tmp_path):
    """One that a test may break."""
    with open_base(tmp_path, memory=["wiki"]) as opened:
        yield fill(opened)


def set_(kb, **settings):
    vars(kb)["settings"] = kb.settings.model_copy(update=settings)


def write_by(kb, server, *, fallback=None, **settings):
    """Let a server word the answers from now on, with nothing remembered of its failures."""
    named = {"llm": f"openai-like:{server.model}", "llm_url": server.url, "llm_api_key": server.key}
    if fallback is not None:
        named |= {
            "llm_fallback": f"openai-like:{fallback.model}",
            "llm_fallback_url": fallback.url,
            "llm_fallback_api_key": fallback.key,
        }
    set_(kb, **named, **settings)
    before = kb._kept.pop("writer", None)
    if before is not None:
        before.close()
    kb.keep("writer", lambda: open_writer(kb.settings)).warm()


def ask(kb, question=QUESTION, person=ANA, **more):
    """The reply, which is one, and how many seconds it took."""
    began = time.monotonic()
    reply, seen = look(kb, Message(question, person, **more))
    took = time.monotonic() - began
    assert reply.text.strip()
    assert reply.reference
    assert all(text.strip() for where, text in seen if where == "terminal")
    return reply, took


def check_claims(reply):
    """No sentence without a quote that stands in a published page."""
    check_quotes(reply, PAGES.values())
    if reply.outcome not in (Outcome.ANSWERED, Outcome.PARTIAL):
        assert (reply.claims, reply.citations) == ((), ())


def check_kept(kb, replies):
    """No question was lost."""
    with kb.ledger.read() as ledger:
        kept = {row.id: row.outcome for row in ledger.execute(select(questions.c.id, questions.c.outcome))}
    assert {reply.reference: reply.outcome.value for reply in replies}.items() <= kept.items()


# The model


def cut_the_model(kb, model_server, way, script, fallback, **settings):
    """Ask while the model goes wrong in a way, and its fallback in another: the reply, and the seconds."""
    server = model_server(script, WAYS[way])
    other = None if fallback is None else model_server(script, WAYS.get(fallback, b.well))
    write_by(kb, server, fallback=other, **settings)
    reply, took = ask(kb)
    assert reply.outcome in (Outcome.ANSWERED, Outcome.PARTIAL), (way, fallback, reply)
    assert reply.citations
    check_claims(reply)
    check_kept(kb, [reply])
    return reply, took


@pytest.mark.parametrize("way", WAYS)
def test_a_model_that_goes_wrong_in_any_way_leaves_a_quoted_answer(kb, model_server, way):
    cut_the_model(kb, model_server, way, Extractive(), None, llm_patience=0.2, llm_seconds=2)


@pytest.mark.parametrize("way", ["hang", "503", "cut in the middle", "nothing said"])
def test_a_fallback_that_is_down_as_well_leaves_a_quoted_answer(kb, model_server, way):
    reply, _ = cut_the_model(kb, model_server, way, Extractive(), way, llm_patience=0.2, llm_seconds=2)
    assert "language model" in reply.text


def test_a_fallback_that_works_words_the_answer(kb, model_server):
    reply, _ = cut_the_model(kb, model_server, "503", Extractive(), "well", llm_patience=2, llm_seconds=9)
    assert reply.model is not None
    assert "language model" not in reply.text


@pytest.mark.parametrize("way", ["cut in the middle", "stalls in the middle", "breaks down in the middle"])
@pytest.mark.parametrize("script", [Inventive(), Obedient()], ids=["inventive", "obedient"])
def test_a_model_that_breaks_off_before_anything_it_said_held_is_no_answer_that_there_is_none(
    kb, model_server, script, way
):
    cut_the_model(kb, model_server, way, script, None, llm_patience=0.2, llm_seconds=2)


def test_a_second_look_that_cannot_be_taken_is_no_answer_that_there_is_none(kb, model_server):
    server = model_server(Extractive(), b.well, b.status(503))
    write_by(kb, server, llm_patience=0.5, llm_seconds=5, verify="strict")
    reply, _ = ask(kb)
    assert reply.outcome in (Outcome.ANSWERED, Outcome.PARTIAL)
    assert "4711" in reply.text
    check_claims(reply)


def test_a_follow_up_is_answered_although_the_model_that_would_complete_it_is_down(kb, model_server):
    write_by(kb, model_server(Extractive(), b.hang), llm_patience=0.2, llm_seconds=2)
    replies = [ask(kb, text, thread="t")[0] for text in (QUESTION, "And the otter code today?")]
    assert "4712" in replies[1].text
    check_kept(kb, replies)


@pytest.mark.contract
@pytest.mark.parametrize("fallback", [None, "the same"])
@pytest.mark.parametrize("way", WAYS)
def test_as_it_is_configured_from_the_start_the_reply_comes_within_ten_seconds(
    kb, model_server, way, fallback
):
    for script in (Extractive(), Inventive()):
        server = model_server(script, WAYS[way])
        write_by(kb, server, fallback=fallback and model_server(script, WAYS[way]))
        for number in range(3):
            reply, took = ask(kb)
            assert took < PROMISE, (way, number, took)
            check_claims(reply)
            check_kept(kb, [reply])
            # What all of it was wrong is refused by whoever checks it, not by an outage.
            honest = way in {"a byte at a time", "no end", "no counts"} and isinstance(script, Inventive)
            assert honest or reply.outcome in (Outcome.ANSWERED, Outcome.PARTIAL), (way, reply)


# The ledger and the index


def check_unavailable(reply, *words):
    """It is told that something is down, and nothing about whether there is an answer."""
    assert reply.outcome is Outcome.UNAVAILABLE, reply
    assert "says nothing about whether there is an answer" in reply.text
    assert all(word in reply.text for word in words), reply.text
    assert (reply.claims, reply.citations, reply.suggestions) == ((), (), ())


@contextmanager
def in_place_of(path, replacement):
    """Something else where a file was, for whoever opens it meanwhile."""
    kept = path.with_name("kept")
    for end in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + end).rename(kept.with_name(kept.name + end))
    replacement(path)
    yield
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    for end in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            kept.with_name(kept.name + end).rename(path.with_name(path.name + end))


@pytest.mark.parametrize(
    ("replacement", "words"),
    [
        (lambda path: path.mkdir(), "the ledger"),
        (lambda path: path.write_bytes(b"no database " * 1000), "configuration must be changed"),
    ],
    ids=["gone", "damaged"],
)
def test_a_ledger_that_is_gone_is_told_as_such_and_answers_come_when_it_is_back(own_kb, replacement, words):
    path = own_kb.data / "ledger.db"
    own_kb.ledger.close()
    with in_place_of(path, replacement):
        reply, _ = ask(own_kb)
        check_unavailable(reply, words)
        own_kb.ledger.close()
    reply, _ = ask(own_kb)
    assert "4711" in reply.text
    check_kept(own_kb, [reply])


def test_a_ledger_that_somebody_else_writes_to_for_long_takes_nobodys_quoted_answer_away(tmp_path):
    address = f"sqlite:///{tmp_path}/ledger.db?timeout=0.2"
    with open_base(tmp_path, memory=["wiki"], ledger=address) as kb:
        fill(kb)
        with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            reply, _ = ask(kb)
            assert "4711" in reply.text
            check_claims(reply)
            other.execute("ROLLBACK")
        check_kept(kb, [ask(kb)[0]])


def test_an_index_that_is_gone_is_told_as_such(own_kb):
    name = own_kb.collection().name
    own_kb._collections.pop(name).close()
    own_kb._last = None
    shutil.rmtree(own_kb.data / "index" / name)
    reply, _ = ask(own_kb)
    check_unavailable(reply, "the index is empty although documents are published")
    check_kept(own_kb, [reply])


def test_an_index_whose_files_are_damaged_is_told_as_such(own_kb):
    name = own_kb.collection().name
    own_kb._collections.pop(name).close()
    own_kb._last = None
    for path in (own_kb.data / "index" / name).rglob("*"):
        if path.is_file():
            path.write_bytes(b"damaged" * 100)
    reply, _ = ask(own_kb)
    check_unavailable(reply)
    check_kept(own_kb, [reply])


@pytest.mark.parametrize("written", [False, True], ids=["quoted", "written"])
def test_an_embedding_model_that_is_down_is_told_as_such(kb, model_server, monkeypatch, written):
    def down(*_):
        raise UnavailableError("the embedding model is away")

    if written:
        write_by(kb, model_server(Extractive()))
    monkeypatch.setattr(kb.encoder.embedder, "question", down)
    reply, _ = ask(kb, f"What is the {'written' if written else 'quoted'} badger code today?")
    check_unavailable(reply, "the embedding model is away")
    check_kept(kb, [reply])


def test_questions_are_answered_without_the_broker(kb):
    set_(kb, queue="redis://127.0.0.1:1/0")
    assert "4711" in ask(kb)[0].text


@contextmanager
def production(data, postgres, weaviate, **ports):
    """A knowledge base on servers, whose ports may be others, by their names."""
    ledger, index = postgres.url, weaviate.url
    for name, port in {**postgres.ports, **weaviate.ports}.items():
        ledger = ledger.replace(str(port), str(ports.get(name, port)))
        index = index.replace(str(port), str(ports.get(name, port)))
    with open_base(data, memory=["wiki"], ledger=ledger, index=index) as kb:
        yield fill(kb)


def answers_again(kb, seconds=60):
    """Until a question is answered."""
    until = time.monotonic() + seconds
    while (reply := ask(kb)[0]).outcome is Outcome.UNAVAILABLE:
        assert time.monotonic() < until, reply.text
        time.sleep(0.5)
    assert "4711" in reply.text


@pytest.mark.contract
def test_a_server_that_is_killed_is_told_within_ten_seconds_and_answers_come_when_it_is_back(
    tmp_path, own_postgres, own_weaviate, own_redis, model_server
):
    with production(tmp_path, own_postgres, own_weaviate) as kb:
        write_by(kb, model_server(Extractive()))
        for server in (own_postgres, own_weaviate):
            answers_again(kb)
            server.kill()
            for _ in range(3):
                reply, took = ask(kb)
                check_unavailable(reply)
                assert took < PROMISE, (server.name, took)
            server.run()
            server.await_ready()
        answers_again(kb)
        set_(kb, queue=own_redis.url)
        own_redis.kill()
        reply, took = ask(kb)
        assert "4711" in reply.text
        assert took < PROMISE
        check_kept(kb, [reply])


@pytest.mark.contract
@pytest.mark.parametrize("held", [["port"], ["http", "grpc"]], ids=["PostgreSQL", "Weaviate"])
def test_a_server_that_hangs_is_told_within_ten_seconds(tmp_path, own_postgres, own_weaviate, held):
    there = {**own_postgres.ports, **own_weaviate.ports}
    with ExitStack() as stack:
        proxies = {name: stack.enter_context(Proxy(there[name])) for name in held}
        ports = {name: proxy.port for name, proxy in proxies.items()}
        kb = stack.enter_context(production(tmp_path, own_postgres, own_weaviate, **ports))
        answers_again(kb)
        for proxy in proxies.values():
            proxy.hold()
        for number in range(3):
            reply, took = ask(kb)
            check_unavailable(reply)
            assert took < PROMISE, (held, number, took)
        for proxy in proxies.values():
            proxy.mend()
        answers_again(kb)


# A flood


def flood(kb, people, each):
    """Questions of several people, all at once: the replies of each, and the longest that one took."""
    asked = [f"person{number % people}@acme.com" for number in range(people * each)]

    def ask_one(email):
        began = time.monotonic()
        reply = handle(kb, Message(QUESTION, Person(email), platform="slack"))
        check_claims(reply)
        return email, reply, time.monotonic() - began

    with ThreadPoolExecutor(len(asked)) as pool:
        replies = list(pool.map(ask_one, asked))
    check_kept(kb, [reply for _, reply, _ in replies])
    assert len({reply.reference for _, reply, _ in replies}) == len(asked)
    for _, reply, _ in replies:
        if reply.outcome is Outcome.UNAVAILABLE:
            check_unavailable(reply)
    told = Counter((email, reply.outcome) for email, reply, _ in replies)
    most = kb.settings.limits.questions_per_minute
    answered = [told[email, Outcome.ANSWERED] for email in asked[:people]]
    assert all(0 < one <= most for one in answered), answered
    assert {outcome for _, outcome in told} == {Outcome.ANSWERED, Outcome.UNAVAILABLE}
    return answered, max(took for _, _, took in replies)


def test_in_a_flood_each_person_is_answered_as_often_as_is_allowed_and_each_question_is_kept(own_kb):
    set_(own_kb, limits=own_kb.settings.limits.model_copy(update={"questions_per_minute": 2}))
    assert flood(own_kb, 5, 6)[0] == [2] * 5


@pytest.mark.contract
@pytest.mark.parametrize("behaviour", [b.well, b.hang], ids=["answers", "hangs"])
def test_in_a_flood_of_two_hundred_questions_each_has_a_reply_within_ten_seconds(
    own_kb, model_server, behaviour
):
    write_by(own_kb, model_server(Extractive(), behaviour))
    _, longest = flood(own_kb, 5, 40)
    assert longest < PROMISE
