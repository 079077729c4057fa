"""Beyond the contract of all engines: addresses, refusals, outages, versions of a chunk, the alias."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import Request, urlopen

import pytest

from config.errors import ConfigError, UnavailableError
from ingest.index import Index
from ingest.index._weaviate_address import read_address
from ingest.index._weaviate_index import WeaviateIndex
from ingest.index.weaviate import WeaviateEngine
from tests.contract.test_whole_versions import Forgetful
from tests.contracts.index import ALL, DIMENSION, IndexContract, Opener, axis, found, row, unit
from tests.doubles import differences, open_base
from tests.services import Weaviate
from workers.local import sync_sources

KEY = "the-key-of-the-tests"


def open_index(url: str, name: str = "contract", dimension: int = DIMENSION) -> Index:
    """A handle with a connection of its own, which ends with it."""
    engine = WeaviateEngine(url)
    index = engine.open(name, dimension)
    index.close = engine.close  # type: ignore[method-assign]
    return index


@pytest.fixture
def opener(weaviate_url: str) -> Opener:
    return partial(open_index, weaviate_url)


@pytest.fixture
def index(opener: Opener) -> Iterator[Index]:
    with closing(opener()) as index:
        yield index


@pytest.fixture
def engine(weaviate_url: str) -> Iterator[WeaviateEngine]:
    with closing(WeaviateEngine(weaviate_url)) as engine:
        yield engine


class TestWeaviateIndex(IndexContract):
    @pytest.fixture
    def opener(self, weaviate_url: str) -> Opener:
        return partial(open_index, weaviate_url)


def asked(url: str, method: str, path: str, body: object = None) -> Any:
    """One request to the server behind an address."""
    address = read_address(url)
    request = Request(
        f"http://{address.host}:{address.port}/v1{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with urlopen(request, timeout=10) as answer:
        text = answer.read()
    return json.loads(text) if text.strip() else None


def class_of(url: str, name: str = "contract") -> str:
    return f"{read_address(url).prefix}_{name}"


# The address


def test_an_address_says_it_all_or_leaves_it_to_the_defaults() -> None:
    least = read_address("weaviate://search.acme.com")
    assert (least.host, least.port, least.tls, least.grpc_host, least.grpc_port) == (
        "search.acme.com",
        8080,
        False,
        "search.acme.com",
        50051,
    )
    assert (least.prefix, least.replicas, least.consistency, least.timeout) == ("Sabio", None, None, 4.0)
    whole = read_address(
        "weaviates://h:444?grpc=5&grpc_host=g&prefix=acme&replicas=3&consistency=quorum&timeout=2.5"
    )
    assert (whole.port, whole.tls, whole.grpc_host, whole.grpc_port) == (444, True, "g", 5)
    assert (whole.prefix, whole.replicas, whole.consistency, whole.timeout) == ("Acme", 3, "quorum", 2.5)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("weaviate://h?grcp=1", "did you mean `grpc`"),
        ("weaviate://h?colour=red", "expected are: grpc, grpc_host, prefix"),
        ("weaviate://h?consistency=most", "one, quorum or all"),
        ("weaviate://h?timeout=0", "seconds"),
        ("weaviate://h?prefix=1a", "a letter first"),
        ("weaviate://h?replicas=0", "replicas=3"),
        ("weaviate://key@h", "weaviate_api_key"),
        ("weaviate://h/path", "saw `/path`"),
    ],
)
def test_an_address_that_is_wrong_says_what_is_expected(address: str, told: str) -> None:
    with pytest.raises(ConfigError, match="index: ") as error:
        WeaviateEngine(address)
    assert told in str(error.value)


def test_everything_wrong_with_an_address_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as error:
        read_address("weaviate://h?a=1&b=2&timeout=soon")
    assert len(error.value.problems) == 3


def test_whoever_uses_the_local_engine_never_loads_the_client(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from config.settings import Settings\n"
        "from ingest.knowledge import KnowledgeBase; import bot.answering, bot.check, workers.local\n"
        "kb = KnowledgeBase(Settings.model_validate({'data': Path(sys.argv[1])})); kb.engine.warnings(None)\n"
        "sys.exit('weaviate' in sys.modules or 'grpc' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


# What a person must change


def test_a_key_that_is_wrong_or_missing_says_which_setting_to_change(
    weaviate_server: Weaviate, loopback: None, tmp_path: Path
) -> None:
    server = Weaviate.start(tmp_path / "guarded", key=KEY)
    try:
        for key in (None, "wrong"):
            engine = WeaviateEngine(server.url, key)
            with closing(engine), pytest.raises(ConfigError, match="weaviate_api_key"):
                engine.open("contract", DIMENSION)
        with closing(WeaviateEngine(server.url, KEY)) as engine:
            index = engine.open("contract", DIMENSION)
            index.write([row("a")])
            assert found(index.search(["word"], unit(1), ALL, 10)) == {"a"}
            engine.point_to("contract")
    finally:
        server.drop()


@contextmanager
def web_server(answer: Callable[[str], tuple[int, object]]) -> Iterator[int]:
    """Something else that answers by HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answer(self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode() if body else b"<html>A page</html>")

        def log_message(self, *_: object) -> None:
            """Not into the tests' output."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("loopback")
def test_a_server_that_is_too_old_is_refused_with_its_version() -> None:
    with (
        web_server(lambda _: (200, {"version": "1.31.4"})) as port,
        closing(WeaviateEngine(f"weaviate://127.0.0.1:{port}")) as engine,
        pytest.raises(ConfigError, match=r"version 1\.31\.4; Sabio needs 1\.32 or newer"),
    ):
        engine.open("contract", DIMENSION)


@pytest.mark.usefixtures("loopback")
@pytest.mark.parametrize(
    ("status", "body"), [(503, {"error": "busy"}), (429, None), (200, None), (200, {"name": "x"})]
)
def test_whatever_else_answers_there_is_an_outage(status: int, body: object) -> None:
    with (
        web_server(lambda _: (status, body)) as port,
        closing(WeaviateEngine(f"weaviate://127.0.0.1:{port}")) as engine,
        pytest.raises(UnavailableError, match=f"127.0.0.1:{port}"),
    ):
        engine.open("contract", DIMENSION)


def test_a_collection_that_is_not_ours_or_not_as_it_should_be_asks_a_person(
    weaviate_url: str, engine: WeaviateEngine
) -> None:
    engine.open("contract", DIMENSION)
    with pytest.raises(ConfigError, match="holds vectors of 8 floats, but the embedding model makes 384"):
        engine.open("contract", 384)
    asked(weaviate_url, "POST", "/schema", {"class": class_of(weaviate_url, "theirs")})
    with pytest.raises(ConfigError, match=r"is not one of Sabio's; set another `prefix=`"):
        engine.open("theirs", DIMENSION)
    described = "Sabio's index, format 99: vectors of 8 floats."
    asked(
        weaviate_url, "POST", "/schema", {"class": class_of(weaviate_url, "later"), "description": described}
    )
    with pytest.raises(ConfigError, match="has the format 99"):
        engine.open("later", DIMENSION)


# Outages


def test_a_server_that_is_not_there_is_an_outage_that_names_it(loopback: None) -> None:
    with closing(WeaviateEngine("weaviate://127.0.0.1:9")) as engine:
        for call in (partial(engine.open, "contract", DIMENSION), partial(engine.drop, "contract")):
            with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:9"):
                call()


def test_a_wrong_port_for_grpc_is_told_as_such(weaviate_url: str) -> None:
    address = read_address(weaviate_url)
    url = weaviate_url.replace(f"grpc={address.grpc_port}", "grpc=9") + "&timeout=0.5"
    with closing(WeaviateEngine(url)) as engine, pytest.raises(UnavailableError, match="is `grpc=` its port"):
        engine.open("contract", DIMENSION)


def test_a_server_that_is_killed_is_an_outage_and_loses_nothing(own_weaviate: Weaviate) -> None:
    with closing(open_index(f"{own_weaviate.url}&timeout=3")) as index:
        index.write([row(f"c{number}", f"t{number} word", unit(number)) for number in range(50)])
        index.delete([f"c{number}" for number in range(10)])
        own_weaviate.kill()
        began = time.monotonic()
        for call in (
            partial(index.search, ["word"], unit(1), ALL, 10),
            partial(index.write, [row("more")]),
            lambda: list(index.ids()),
        ):
            with pytest.raises(UnavailableError, match="cannot be used"):
                call()
        assert time.monotonic() - began < 3 * 10
        own_weaviate.restart()
        there = {f"c{number}" for number in range(10, 50)}
        assert found(index.search(["word"], unit(1), ALL, 100)) == there
        assert set(index.ids()) == there
        index.write([row("after", "saffron")])
        assert found(index.search(["saffron"], None, ALL, 10)) == {"after"}


def test_what_was_written_last_is_found_by_its_vectors_after_the_server_was_killed(
    own_weaviate: Weaviate,
) -> None:
    rows = [row(f"c{number}", vector=unit(number)) for number in range(6)]
    with closing(open_index(own_weaviate.url)) as index:
        for written in (rows[:1], rows[1:3], rows[3:]):
            index.write(written)
            own_weaviate.kill()
            own_weaviate.restart()
            there = {one.chunk for one in rows[: rows.index(written[-1]) + 1]}
            assert index.missing(there) == set()
            assert found(index.search((), axis(0), ALL, 100)) == there


def test_vectors_that_a_killed_server_forgot_are_noticed_and_written_again(own_weaviate: Weaviate) -> None:
    rows = [row(f"c{number}", vector=unit(number)) for number in range(6)]
    with closing(open_index(own_weaviate.url)) as index:
        index.write(rows[:2])
        remembered = vector_logs(own_weaviate)
        index.write(rows[2:])
        own_weaviate.kill()
        for log in vector_logs(own_weaviate):  # as after a kill before the last batch is written down
            log.unlink()
        for log, content in remembered.items():
            log.write_bytes(content)
        own_weaviate.restart()
        there = {one.chunk for one in rows}
        lost = index.missing(there)
        assert lost == {"c2", "c3", "c4", "c5"}
        assert found(index.search(["word"], None, ALL, 100)) == there
        assert found(index.search((), axis(0), ALL, 100)) == there - lost
        index.write(rows)
        assert index.missing(there) == set()
        assert found(index.search((), axis(0), ALL, 100)) == there
        assert count(own_weaviate.url) == 6


def vector_logs(server: Weaviate) -> dict[Path, bytes]:
    """What the server has written down of its vectors' graph, by file."""
    return {path: path.read_bytes() for path in server.data.rglob("*.commitlog.d/*")}


class Lagging(Weaviate):
    """Indexes vectors some time after it has taken them."""

    def environment(self) -> dict[str, str]:
        return super().environment() | {"ASYNC_INDEXING": "true"}


@pytest.mark.usefixtures("loopback")
def test_a_server_that_indexes_late_is_warned_of_and_what_it_took_is_not_taken_for_lost(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o711)
    server = Lagging.start(tmp_path / "weaviate")
    try:
        with open_base(tmp_path / "var", memory=["wiki"], index=server.url) as kb:
            wiki = kb.connectors["wiki"]
            for number in range(20):
                wiki.edit(f"page {number}", text=f"The canary{number} sings.")
            for _ in range(2):
                [report] = sync_sources(kb, ["wiki"])
                assert (report["outcome"], report["failed"]) == ("done", []), report
            assert report["chunks_embedded"] == 0
            collection = kb.collection()
            until = time.monotonic() + 30
            while any("wait to be indexed" in said for said in kb.engine.warnings(collection.name)):
                assert time.monotonic() < until
                time.sleep(0.1)
            assert differences(kb, "wiki", wiki.pages) == []
    finally:
        server.drop()


def test_a_server_that_hangs_keeps_nobody_waiting_for_more_than_ten_seconds(own_weaviate: Weaviate) -> None:
    with closing(open_index(own_weaviate.url)) as index:
        index.write([row("a")])
        os.kill(own_weaviate.pid, signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(UnavailableError, match="no answer"):
            index.search(["word"], unit(1), ALL, 10)
        assert time.monotonic() - began < 10
        os.kill(own_weaviate.pid, signal.SIGCONT)
        assert found(index.search(["word"], unit(1), ALL, 10)) == {"a"}


def test_what_the_server_refuses_to_write_is_an_outage_and_not_silence(
    weaviate_url: str, index: Index
) -> None:
    index.write([row("a")])
    shards = f"/schema/{class_of(weaviate_url)}/shards"
    [shard] = asked(weaviate_url, "GET", shards)
    asked(weaviate_url, "PUT", f"{shards}/{shard['name']}", {"status": "READONLY"})
    with pytest.raises(UnavailableError, match=r"read-only|READONLY"):
        index.write([row("b")])
    with pytest.raises(UnavailableError):
        index.set_readers({"a": frozenset({"user:ana"})})
    with pytest.raises(UnavailableError):
        index.delete(["a"])
    with closing(WeaviateEngine(weaviate_url)) as engine:
        assert any("readonly" in said for said in engine.warnings("contract"))
    assert list(index.ids()) == ["a"]
    asked(weaviate_url, "PUT", f"{shards}/{shard['name']}", {"status": "READY"})
    index.write([row("b")])
    assert index.missing(["a", "b"]) == set()


def test_an_object_that_the_server_drops_in_silence_is_noticed_before_anything_is_published(
    weaviate_url: str, tmp_path: Path
) -> None:
    """Row 38 of the reliability contract, with a server."""
    with open_base(tmp_path, memory=["wiki"], index=weaviate_url) as kb:
        wiki = kb.connectors["wiki"]
        for number in range(20):
            wiki.edit(f"page {number}", text="\n".join(f"# Part {part}\nText {number}." for part in range(5)))
        name = kb.collection().name
        forgetful = kb._collections[name] = Forgetful(kb.open_collection(name), 0.05)
        told = 0
        for _ in range(100):
            before = forgetful.dropped
            [report] = sync_sources(kb, ["wiki"])
            if forgetful.dropped > before:
                assert "the index lost" in report["error"]
                told += 1
            if report["outcome"] == "done":
                break
        assert told > 0
        assert differences(kb, "wiki", wiki.pages) == []


# Versions


def test_a_writer_killed_between_two_versions_leaves_one_chunk_and_the_next_one_clears_up(
    index: Index, opener: Opener, weaviate_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.write([row("a", "old word", axis(0))])
    with monkeypatch.context() as patched:
        patched.setattr(WeaviateIndex, "_retire", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            index.write([row("a", "new word", axis(1))])
    assert count(weaviate_url) == 2
    with closing(opener()) as other:
        for handle in (index, other):
            assert list(handle.ids()) == ["a"]
            assert handle.missing(["a"]) == set()
            [hit] = handle.search(["word"], axis(1), ALL, 1)
            assert hit.chunk == "a"
        index.set_readers({"a": frozenset({"user:ana"})})
        assert other.search(["word"], axis(1), ALL, 10) == []
        other.write([row("a", "new word", axis(1))])
    assert count(weaviate_url) == 1
    assert found(index.search(["old"], None, ALL, 10)) == set()
    assert found(index.search(["new"], axis(1), ALL, 10)) == {"a"}


def test_a_writer_whose_clock_is_behind_replaces_what_others_wrote(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.write([row("a", "old", axis(0))])
    monkeypatch.setattr(time, "time_ns", lambda: 10**15)
    index.write([row("a", "new", axis(1))])
    assert found(index.search(["old"], None, ALL, 10)) == set()
    assert found(index.search(["new"], None, ALL, 10)) == {"a"}


def test_writing_the_same_again_touches_no_object(index: Index, weaviate_url: str) -> None:
    rows = [row(f"c{number}", f"t{number} word", unit(number)) for number in range(5)]
    index.write(rows)
    before = objects(weaviate_url)
    index.write(rows)
    assert objects(weaviate_url) == before


def objects(url: str) -> list[tuple[str, int]]:
    """Ids and times of last change."""
    listed = asked(url, "GET", f"/objects?class={class_of(url)}&limit=100")["objects"]
    return sorted((one["id"], one["lastUpdateTimeUnix"]) for one in listed)


def count(url: str) -> int:
    return len(objects(url))


# The collection in use


def test_the_alias_follows_the_collection_in_use_and_is_mended(
    weaviate_url: str, engine: WeaviateEngine
) -> None:
    alias = read_address(weaviate_url).prefix
    for name in ("one", "two"):
        engine.open(name, DIMENSION)
        assert any("alias" in said for said in engine.warnings(name))
        engine.point_to(name)
        assert asked(weaviate_url, "GET", f"/aliases/{alias}")["class"] == class_of(weaviate_url, name)
        assert engine.warnings(name) == []
        engine.point_to(name)
    assert any("names" in said for said in engine.warnings("one"))


def test_a_swap_that_was_killed_before_the_alias_is_mended_when_somebody_opens_it(
    weaviate_url: str, tmp_path: Path
) -> None:
    with open_base(tmp_path, memory=["wiki"], index=weaviate_url) as kb:
        first = kb.collection().name
        new = kb.begin_collection()
        kb.ledger.set_collection(new.name, instead_of=first)
        assert any("alias" in said for said in kb.engine.warnings(new.name))
    with open_base(tmp_path, memory=["wiki"], index=weaviate_url) as kb:
        assert kb.collection().name == new.name
        assert kb.engine.warnings(new.name) == []


def test_an_alias_that_cannot_be_set_stands_in_nobodys_way(weaviate_url: str, tmp_path: Path, caplog) -> None:
    asked(weaviate_url, "POST", "/schema", {"class": read_address(weaviate_url).prefix})
    with open_base(tmp_path, memory=["wiki"], index=weaviate_url) as kb:
        kb.connectors["wiki"].edit("page", text="A text.")
        assert sync_sources(kb, ["wiki"])[0]["outcome"] == "done"
    assert "does not show which collection is in use" in caplog.text


def test_a_collection_that_somebody_removed_is_an_outage_and_the_next_sync_makes_it_anew(
    weaviate_url: str, tmp_path: Path
) -> None:
    with open_base(tmp_path, memory=["wiki"], index=weaviate_url) as kb:
        wiki = kb.connectors["wiki"]
        wiki.edit("page", text="A text.")
        sync_sources(kb, ["wiki"])
        collection = kb.collection()
        with closing(WeaviateEngine(weaviate_url)) as somebody:
            somebody.drop(collection.name)
        with pytest.raises(UnavailableError, match="was removed from"):
            collection.index.search(["text"], None, ALL, 10)
        assert collection.index.gone
        sync_sources(kb, ["wiki"])
        assert differences(kb, "wiki", wiki.pages) == []


def test_two_installations_on_one_server_keep_apart(weaviate_url: str, tmp_path: Path) -> None:
    with (
        open_base(tmp_path / "one", memory=["wiki"], index=weaviate_url) as one,
        open_base(tmp_path / "two", memory=["wiki"], index=weaviate_url) as two,
    ):
        for kb, text in ((one, "Of one."), (two, "Of two.")):
            kb.connectors["wiki"].edit("page", text=text)
            sync_sources(kb, ["wiki"])
        for kb in (one, two):
            sync_sources(kb, ["wiki"])
            assert differences(kb, "wiki", kb.connectors["wiki"].pages) == []
