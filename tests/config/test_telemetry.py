"""Logs: readable, bound to the run and document they speak of, and never with a secret in them."""

import asyncio
import base64
import io
import json
import logging
import threading
from urllib.parse import quote, quote_plus

import pytest

from config.secrets import MASK, looks_secret, mask, spellings
from config.sections import LogSettings
from config.telemetry import bind, start_logging

pytestmark = pytest.mark.usefixtures("restored_logging")

CANARY = "cañ'ary \"/+1%\\Z"
LOG = logging.getLogger("ingest.test")


@pytest.fixture
def lines():
    """Starts logging and gives what has been logged so far, line by line."""
    stream = io.StringIO()

    def start(level="info", style="console", secrets=()):
        start_logging(LogSettings(level=level, format=style), spellings(secrets), stream)
        return lambda: stream.getvalue().splitlines()

    return start


def test_a_line_for_people_has_the_message_and_its_fields(lines):
    logged = lines()
    with bind(run="7c1e"):
        LOG.warning("held %d removals", 40, extra={"source": "wiki"})
    (line,) = logged()
    assert line.split("  ")[1:] == ["warning", "ingest.test", "held 40 removals", "source=wiki", "run=7c1e"]


def test_a_line_for_machines_is_one_json_object(lines):
    logged = lines(style="json")
    with bind(run="7c1e"), bind(document="página\n1"):
        LOG.info("published", extra={"chunks": 3, "title": "Año"})
    entry = json.loads(logged()[0])
    assert entry.pop("time").endswith("+00:00")
    assert entry == {
        "level": "info",
        "logger": "ingest.test",
        "message": "published",
        "chunks": 3,
        "title": "Año",
        "run": "7c1e",
        "document": "página\n1",
    }


def test_what_is_bound_ends_with_its_block_and_stays_in_its_thread(lines):
    logged = lines(style="json")
    with bind(run="a"):
        thread = threading.Thread(target=LOG.info, args=("elsewhere",))
        thread.start()
        thread.join()
    LOG.info("after")
    assert ["run" in json.loads(line) for line in logged()] == [False, False]


def test_what_is_bound_goes_along_into_a_worker_thread_of_the_chat_platforms(lines):
    logged = lines(style="json")

    async def answer():
        with bind(question="q1"):
            await asyncio.to_thread(LOG.info, "retrieved")

    asyncio.run(answer())
    assert json.loads(logged()[0])["question"] == "q1"


def test_a_person_at_a_terminal_sees_no_stack_trace_unless_asked_for(lines):
    for level, traced in [("info", False), ("debug", True)]:
        logged = lines(level)
        try:
            raise RuntimeError("boom")
        except RuntimeError:
            LOG.exception("could not read it")
        text = "\n".join(logged())
        assert "RuntimeError: boom" in text
        assert ("Traceback" in text) is traced


def test_libraries_are_heard_only_when_something_is_wrong(lines):
    logged = lines("info")
    logging.getLogger("some.library").info("chatter")
    logging.getLogger("pdfminer.psparser").warning("chatter")
    logging.getLogger("some.library").warning("wrong")
    logging.getLogger("pdfminer.psparser").error("broken")
    assert [line.split("  ")[-1] for line in logged()] == ["wrong", "broken"]


def test_starting_again_replaces_what_was_there(lines):
    first = lines()
    lines()
    LOG.info("once")
    assert len(first()) == 1


# --- secrets ---


@pytest.mark.parametrize("style", ["console", "json"])
def test_a_secret_is_nowhere_in_what_is_logged(lines, style):
    logged = lines("debug", style, [CANARY])
    logger = logging.getLogger("some.library")
    logger.error("message %s", CANARY)
    logger.error("argument %r", {"token": CANARY})
    logger.error("field", extra={"header": {"x": [CANARY]}, "thing": ValueError(CANARY)})
    with bind(run=CANARY):
        logger.error("bound")
    try:
        try:
            raise KeyError(CANARY)
        except KeyError as error:
            raise ValueError(f"while sending {CANARY}") from error
    except ValueError:
        logger.exception("trace")
    text = "\n".join(logged())
    assert text.count(MASK) >= 7
    assert CANARY not in text
    assert "ary" not in text.replace("library", "")


def test_a_secret_is_masked_in_every_spelling(lines):
    logged = lines(secrets=[CANARY])
    for spelling in (CANARY, quote(CANARY), quote(CANARY, safe=""), quote_plus(CANARY), repr(CANARY)):
        LOG.info("got %s", spelling)
    assert not any("Z" in line for line in logged())


def test_the_lines_of_a_private_key_are_masked_one_by_one(lines):
    body = ["MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4"]
    logged = lines(secrets=["-----BEGIN KEY-----\n" + "\n".join(body) + "\n-----END KEY-----\n"])
    LOG.info("line %s", body[1])
    assert logged()[0].endswith(f"line {MASK}")


def test_a_secret_number_is_masked_too(lines):
    logged = lines(style="json", secrets=["80467312"])
    LOG.info("pin", extra={"pin": 80467312, "count": 3})
    assert (json.loads(logged()[0])["pin"], json.loads(logged()[0])["count"]) == (MASK, 3)


def test_a_password_in_a_url_is_masked_though_nobody_called_it_a_secret():
    assert mask("at postgresql://sabio:hunter2@db/x", ()) == f"at postgresql://sabio:{MASK}@db/x"
    assert mask("see https://wiki.example.com:8080/a@b", ()) == "see https://wiki.example.com:8080/a@b"


def test_an_authorization_header_is_masked_though_its_secret_is_encoded():
    encoded = base64.b64encode(b"bot:hunter2").decode()
    for header in (f"'Authorization': 'Basic {encoded}'", f"authorization: Bearer {encoded}"):
        assert encoded not in mask(header, ())
    assert mask("a basic principle of authorization", ()) == "a basic principle of authorization"


def test_of_two_secrets_that_begin_alike_nothing_of_the_longer_one_is_left():
    assert mask("x abcd-efgh y", spellings(["abcd", "abcd-efgh"])) == f"x {MASK} y"


def test_very_short_values_are_not_masked_because_that_would_garble_everything():
    assert mask("eu-west", spellings(["eu"])) == "eu-west"


@pytest.mark.parametrize(
    "key", ["password", "API_KEY", "apikey", "wiki_token", "client-secret", "private_key", "key"]
)
def test_settings_that_hold_secrets_are_known_by_their_names(key):
    assert looks_secret(key)


@pytest.mark.parametrize(
    "key", ["path", "url", "keyword", "monkey", "sort_key", "max_tokens", "token_url", "readers"]
)
def test_other_settings_are_not_taken_for_secrets(key):
    assert not looks_secret(key)


def test_a_mistake_in_a_log_call_does_not_print_its_arguments(lines, capsys):
    lines(secrets=[CANARY])
    LOG.info("%d", CANARY)
    assert CANARY not in capsys.readouterr().err
