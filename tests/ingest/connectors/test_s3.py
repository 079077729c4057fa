"""The connector of S3, against moto: what is listed, what is refused, and where requests go."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import boto3
import pytest
from moto.server import ThreadedMotoServer

from config.errors import ConfigError, DocumentError, UnavailableError
from ingest.connectors import _s3, connect
from tests.contracts.connector import NAMES
from tests.contracts.remote import RemoteContract, RemoteWorld
from tests.ingest.connectors.web import Said, Web
from tests.services.fixtures import here

KEY, SECRET, TOKEN = "AKIDEXAMPLE", "a-secret-access-key-of-nobody", "a-session-token-of-nobody"
FURTHER = (
    *("/leading/slash.md", "two//slashes.md", "a+b=c&d.md", "tab\there.md", "dot./a.md/~b.md", "'(x)*.md"),
)
ERROR = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{}</Code><Message>It says why.</Message></Error>'


def refusal(code: str, status: int = 403, headers: Mapping[str, str] | None = None) -> Said:
    return Said(status, ERROR.format(code).encode(), {"Content-Type": "application/xml", **(headers or {})})


class Moto:
    """S3 in this process, and a client that goes to it directly."""

    def __init__(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._server.start()
        self.port = self._server.get_host_and_port()[1]
        session = boto3.session.Session(KEY, SECRET, region_name="us-east-1")
        self.client = session.client("s3", endpoint_url=f"http://127.0.0.1:{self.port}")

    def close(self) -> None:
        self.client.close()
        self._server.stop()
        self._server._server.server_close()


class BucketWorld(RemoteWorld):
    type = "s3"
    names = (*NAMES, *FURTHER)
    secret, credentials = SECRET, "access_key_id"
    trashes = False

    def __init__(self, place: Path, moto: Moto) -> None:
        super().__init__(place, moto.port)
        self.s3, self.bucket = moto.client, f"docs-{uuid4().hex}"
        self.s3.create_bucket(Bucket=self.bucket)

    def options(self) -> Mapping[str, object]:
        place = {"bucket": self.bucket, "endpoint_url": self.relay.url}
        return {**place, "access_key_id": KEY, "secret_access_key": SECRET}

    def put(self, key: str, data: bytes, **more: str) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=data, **more)
        return key

    def create(self, path: str, data: bytes) -> str:
        return self.put(path, data)

    def edit(self, entry_id: str, data: bytes) -> None:
        self.put(entry_id, data)

    def rename(self, entry_id: str, path: str) -> str:
        self.s3.copy_object(Bucket=self.bucket, Key=path, CopySource={"Bucket": self.bucket, "Key": entry_id})
        self.delete(entry_id)
        return path

    def delete(self, entry_id: str) -> None:
        self.s3.delete_object(Bucket=self.bucket, Key=entry_id)

    def revoke(self) -> None:
        self.relay.interfere = lambda _: refusal("InvalidAccessKeyId")


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    server = here(Moto)
    yield server
    server.close()


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch, loopback):
    """Two keys on a page, and nothing of the machine's own."""
    monkeypatch.setattr(_s3, "PAGE", 2)
    for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(variable, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def world(tmp_path, moto):
    world = BucketWorld(tmp_path, moto)
    yield world
    world.close()


class TestS3(RemoteContract):
    @pytest.fixture(autouse=True)
    def _with(self, moto: Moto) -> None:
        self.moto = moto

    def make_world(self, place: Path) -> RemoteWorld:
        return BucketWorld(place, self.moto)


# What is listed


def test_a_configuration_as_the_manual_has_it_works(world):
    made = world.put("public/handbook/annual_leave.md", b"# Leave\n")
    world.put("private/salaries.md", b"No.")
    [entry] = world.scan(prefix="public/").values()
    assert (entry.id, entry.title, entry.size) == (made, "annual leave", 8)
    assert entry.url == f"{world.relay.url}{world.bucket}/public/handbook/annual_leave.md"
    assert (datetime.now(UTC) - entry.updated_at).total_seconds() < 60
    assert world.connector(prefix="public/").part_of(entry) == "handbook/"
    assert world.connector().part_of(entry) == "public/"


def test_keys_that_only_stand_for_folders_are_no_documents(world):
    world.put("folder/", b"")
    made = world.put("folder/page.md", b"text")
    assert set(world.scan()) == {made}


def test_what_holds_no_text_and_what_is_hidden_is_left_out_but_not_a_prefix_that_is_named(world):
    world.put("a/picture.png", b"")
    world.put("a/.git/config.md", b"")
    made = world.put(".site/page.md", b"")
    assert world.scan() == {}
    assert set(world.scan(prefix=".site/")) == {made}
    assert "hidden" in world.connector().ignored("a/.git/config.md")
    assert "prefix" in world.connector(prefix=".site/").ignored("a/page.md")


def test_a_link_for_people_is_made_of_the_pattern(world):
    world.put("a b/ñ#.md", b"")
    [entry] = world.scan(url="https://files.example.com/{stem}?of={name}").values()
    assert entry.url == "https://files.example.com/a%20b/%C3%B1%23?of=%C3%B1%23.md"
    with pytest.raises(ConfigError, match=r"\{key\}, which is not known"):
        world.connector(url="https://files.example.com/{key}")


def test_of_a_bucket_with_versions_the_newest_is_read_and_what_is_deleted_is_gone(world):
    world.s3.put_bucket_versioning(Bucket=world.bucket, VersioningConfiguration={"Status": "Enabled"})
    made = world.put("page.md", b"one")
    before = world.scan()[made]
    world.put("page.md", b"two")
    after = world.scan()[made]
    assert after.revision != before.revision
    assert world.connector().fetch(after).data == b"two"
    world.delete("page.md")
    assert world.scan() == {}
    with pytest.raises(DocumentError, match="gone"):
        world.connector().fetch(after)


def test_what_is_frozen_is_left_out_and_what_an_archive_tier_holds_is_that_document_s_error(world):
    made = world.put("page.md", b"text")
    [entry] = world.scan().values()
    for storage in ("GLACIER", "DEEP_ARCHIVE"):
        world.put(f"{storage}.md", b"text", StorageClass=storage)
    cool = world.put("cool.md", b"text", StorageClass="GLACIER_IR")
    assert set(world.scan()) == {made, cool}
    world.put("page.md", b"text", StorageClass="GLACIER")
    with pytest.raises(DocumentError, match=r"may not be read: .*InvalidObjectState"):
        world.connector().fetch(entry)


def test_an_object_of_several_parts_has_a_revision_as_well(world):
    made = world.s3.create_multipart_upload(Bucket=world.bucket, Key="large.md")["UploadId"]
    which = {"Bucket": world.bucket, "Key": "large.md", "UploadId": made}
    parts = [
        {"PartNumber": n, "ETag": world.s3.upload_part(**which, PartNumber=n, Body=body)["ETag"]}
        for n, body in enumerate([b"x" * 5_242_880, b"end"], 1)
    ]
    world.s3.complete_multipart_upload(**which, MultipartUpload={"Parts": parts})
    [entry] = world.scan().values()
    assert '"' not in entry.revision
    assert len(world.connector().fetch(entry).data) == 5_242_883


def test_what_was_packed_for_the_way_is_unpacked_and_bound_all_the_same(world):
    world.put("page.md", gzip.compress(b"x" * 10_000), ContentEncoding="gzip")
    [entry] = world.scan().values()
    assert world.connector().fetch(entry).data == b"x" * 10_000
    with pytest.raises(DocumentError, match="max_mb"):
        world.connector(max_mb=0.001).fetch(entry)


def test_more_than_the_limit_is_not_even_asked_for_where_the_listing_says_so(world):
    world.put("large.md", b"x" * 2_001)
    [entry] = world.scan().values()
    world.relay.asked.clear()
    with pytest.raises(DocumentError, match="max_mb"):
        world.connector(max_mb=0.002).fetch(entry)
    assert world.relay.asked == []


@pytest.mark.parametrize("key", ["a/../b.md", "./b.md", "a/.."])
def test_a_key_that_looks_like_steps_is_never_taken_for_them(world, key):
    world.put("b.md", b"another document")
    made = world.put("page.md", b"text")
    entry = world.scan()[made]
    world.relay.asked.clear()
    with pytest.raises(DocumentError, match="cannot be asked for"):
        world.connector().fetch(type(entry)(id=key, revision="1", title="b", media_type="text/plain"))
    assert world.relay.asked == []


# Refusals


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (refusal("NoSuchBucket", 404), "look at `bucket`"),
        (refusal("AccessDenied"), "`access_key_id` and `secret_access_key`: do they allow s3:ListBucket"),
        (refusal("SignatureDoesNotMatch"), "look at `access_key_id` and `secret_access_key`"),
        (refusal("ExpiredToken", 400), "look at `session_token`"),
        (refusal("RequestTimeTooSkewed"), "clock of this machine"),
        (refusal("AuthorizationHeaderMalformed", 400), "look at `region`"),
        (
            refusal("PermanentRedirect", 301, {"x-amz-bucket-region": "eu-west-1"}),
            "`region`, which is eu-west-1 for this bucket",
        ),
        (refusal("NotImplemented", 501), "look at `endpoint_url`"),
        (Said(404, b""), "look at `bucket` and `endpoint_url`"),
        (Said(200, b"<html><body>Welcome</body></html>"), "is no S3; look at `endpoint_url`"),
        (Said(200, b""), "is no S3; look at `endpoint_url`"),
    ],
    ids=lambda said: "" if isinstance(said, str) else f"{said.status}",
)
def test_what_a_person_must_act_on_names_the_option(world, said, words):
    world.relay.interfere = lambda _: said
    with pytest.raises(ConfigError, match=r"^source world: ") as told:
        world.scan()
    assert words in str(told.value)
    assert SECRET not in str(told.value)


def test_a_bucket_that_is_not_there_names_the_option(world):
    with pytest.raises(ConfigError, match=r"NoSuchBucket.*look at `bucket`"):
        world.scan(bucket="nobody-s")


@pytest.mark.parametrize(
    ("code", "status"),
    [("SlowDown", 503), ("InternalError", 500), ("RequestTimeout", 400), ("InternalError", 200)],
)
def test_what_passes_is_an_outage_also_where_it_comes_as_success(world, code, status, monkeypatch):
    monkeypatch.setattr("ingest.connectors._http._LONGEST_PAUSE", 0.02)
    world.relay.interfere = lambda _: refusal(code, status)
    with pytest.raises(UnavailableError, match="next sync"):
        world.scan()


def test_one_object_that_may_not_be_read_is_that_document_s_error(world):
    world.put("page.md", b"text")
    [entry] = world.scan().values()
    world.relay.interfere = lambda _: refusal("AccessDenied")
    with pytest.raises(DocumentError, match=r"page\.md may not be read"):
        world.connector().fetch(entry)
    world.relay.interfere = lambda _: refusal("NoSuchBucket", 404)
    with pytest.raises(ConfigError, match="`bucket`"):
        world.connector().fetch(entry)


def test_a_listing_that_breaks_off_or_goes_round_is_an_outage(world):
    for n in range(5):
        world.put(f"{n}.md", b"")
    whole = world.relay.pass_on

    def without_token(asked):
        said = whole(asked)
        said.body = said.body.replace(b"NextContinuationToken>", b"Nothing>")
        return said

    world.relay.interfere = without_token
    with pytest.raises(UnavailableError, match="breaks off"):
        world.scan()
    first = []

    def round_and_round(asked):
        first.append(whole(asked))
        return first[0]

    world.relay.interfere = round_and_round
    with pytest.raises(UnavailableError, match="does not end"):
        list(world.connector().scan())


# Who asks, and where


def signed_by(world):
    return {
        asked.headers.get("Authorization", "").partition("Credential=")[2][:11] for asked in world.relay.asked
    }


def test_without_keys_those_of_the_machine_are_used(world, monkeypatch):
    made = world.put("page.md", b"text")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDMACHINE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-the-machine")
    assert set(world.scan(access_key_id=None, secret_access_key=None)) == {made}
    assert signed_by(world) == {"AKIDMACHINE"}
    world.relay.asked.clear()
    assert set(world.scan()) == {made}
    assert signed_by(world) == {KEY}


def test_where_the_machine_has_none_either_requests_are_not_signed(world):
    made = world.put("page.md", b"text")
    world.s3.put_object_acl(Bucket=world.bucket, Key=made, ACL="public-read")
    nobody = {"access_key_id": None, "secret_access_key": None}
    [entry] = world.scan(**nobody).values()
    assert world.connector(**nobody).fetch(entry).data == b"text"
    assert all("Authorization" not in asked.headers for asked in world.relay.asked)


def test_a_session_token_is_sent_and_told_nobody(world, caplog):
    made = world.put("page.md", b"text")
    caplog.set_level("DEBUG")
    connector = world.connector(session_token=TOKEN)
    assert [entry.id for entry in connector.scan()] == [made]
    assert {asked.headers["X-Amz-Security-Token"] for asked in world.relay.asked} == {TOKEN}
    assert TOKEN not in f"{connector!r}{caplog.text}"
    assert SECRET not in f"{connector!r}{caplog.text}"


def test_what_the_machine_says_of_its_keys_and_means_nothing_names_the_options(world, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ConfigError, match=r"^source world: .*nobody.*`access_key_id`.*AWS_"):
        world.scan()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"access_key_id": KEY, "secret_access_key": None}, "set together"),
        ({"access_key_id": None, "secret_access_key": None, "session_token": TOKEN}, "belongs to"),
        ({"endpoint_url": "s3.example.com"}, "endpoint_url: an address as https"),
        ({"endpoint_url": "https://me:secret@s3.example.com"}, "endpoint_url: an address as https"),
        ({"bucket": "a/b"}, "bucket"),
    ],
)
def test_options_that_mean_nothing_are_refused(world, given, words):
    with pytest.raises(ConfigError, match=words):
        world.connector(**given)


def test_a_region_that_is_none_names_the_option(world):
    with pytest.raises(ConfigError, match="look at `region`"):
        world.scan(region="no region")


def test_the_usual_port_is_not_signed_for_as_no_client_sends_it():
    options = {"name": "s", "bucket": "docs", "endpoint_url": "https://s3.example.com:443/below"}
    assert connect("s3", options, Path()).endpoint_url == "https://s3.example.com/below"


def test_an_endpoint_that_the_machine_names_for_other_programs_is_not_asked(world, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    made = world.put("page.md", b"text")
    assert set(world.scan()) == {made}


@pytest.mark.parametrize(
    ("bucket", "region", "address"),
    [
        ("docs", None, "https://docs.s3.amazonaws.com/?"),
        ("docs", "eu-central-1", "https://docs.s3.eu-central-1.amazonaws.com/?"),
        ("docs", "us-east-1", "https://docs.s3.amazonaws.com/?"),
        ("docs", "cn-north-1", "https://docs.s3.cn-north-1.amazonaws.com.cn/?"),
        ("docs.acme.com", "eu-central-1", "https://s3.eu-central-1.amazonaws.com/docs.acme.com?"),
    ],
)
def test_at_amazon_the_bucket_s_own_address_is_asked_and_no_other(monkeypatch, bucket, region, address):
    """Nothing is sent: the client is asked what it would do."""
    asked = []

    def send(connections, method, url, headers, **sent):
        asked.append(url)
        connections._addresses.check(urlsplit(url).hostname)
        assert "Authorization" in headers, "the host is not the source's own"
        raise ConfigError("enough")

    monkeypatch.setattr("ingest.connectors._connections.Connections.send", send)
    options = {"name": "s", "bucket": bucket, "region": region}
    connector = connect("s3", {**options, "access_key_id": KEY, "secret_access_key": SECRET}, Path())
    with pytest.raises(ConfigError, match="enough"):
        list(connector.scan())
    assert asked[0].startswith(address)


def test_another_host_is_never_asked_though_s3_sends_there(world):
    with Web() as other:
        away = {"Location": other.url.replace("127.0.0.1", "localhost")}
        world.relay.interfere = lambda _: refusal("TemporaryRedirect", 307, away)
        with pytest.raises(ConfigError, match="sent on to localhost"):
            world.scan()
        assert other.asked == []


def test_start_up_does_not_wait_for_boto3():
    code = (
        "import sys, json, ingest.connectors.s3; print(json.dumps([m for m in sys.modules if 'boto' in m]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
