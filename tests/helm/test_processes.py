"""Everything that the chart starts, started from its rendered objects as a kubelet would, with real servers.

Here the processes are those of this machine's Python, in a root that holds little more (machine.py); with
`-m contract` they are the images that the Dockerfile makes, also of a company's installation.
"""

import json
import os
import select
import shutil
from contextlib import ExitStack
from pathlib import Path

import docx
import psycopg
import pytest
import pytest_socket

from ingest import minilm
from ingest.ledger import HEAD
from tests.helm import installation
from tests.helm.chart import SMALL, named
from tests.helm.confinement import find_rights
from tests.helm.containers import Container, Place
from tests.helm.installation import ANSWER, KEY, PASSWORD, QUESTION, Servers, write_pages
from tests.helm.kubelet import POD, Node, NotStarted
from tests.helm.machine import Machine
from tests.helm.release import Release, stop
from tests.models.scripted import Extractive
from tests.models.server import ModelServer
from tests.services import Redis, Weaviate
from tests.services.fixtures import here
from tests.services.proxy import Proxy
from tests.slack.office import ANA, office
from tests.waiting import await_

NOBODY = {
    "Uid": "10001 10001 10001 10001",
    "Gid": "10001 10001 10001 10001",
    "Groups": "10001",
    "CapPrm": "0000000000000000",
    "CapBnd": "0000000000000000",
    "NoNewPrivs": "1",
    "Root": "ro",
}
FILES = "for at in / /opt/sabio /opt/models /etc/sabio /srv/pages /dev /tmp /var/lib/sabio; do"
WRITABLE = f"{FILES} touch $at/written 2>/dev/null && echo $at; done; true"
SOON = {"seconds": 90, "every": 0.02}
THERE = ("VALKEY_PASSWORD", "AUTHENTICATION_APIKEY_ALLOWED_KEYS")
INVOICES = "When are invoices paid after they arrive?"
HOME = "How many days a week can I work from home?"


@pytest.fixture
def room(loopback):
    """A folder that somebody else than root may pass through, where pods can be run."""
    here(find_rights)
    folder = Path(f"/var/tmp/sabio-{os.urandom(4).hex()}")
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def servers(postgres_server, postgres_url, room):
    """All that pods speak to."""
    ledger = (postgres_server.ports["port"], postgres_url.rpartition("/")[2])
    with ExitStack() as stack, office() as slack, ModelServer(Extractive(), model="gpt-4o-mini") as model:
        redis = here(lambda: Redis.start(room / "redis", password=PASSWORD))
        stack.callback(redis.drop)
        weaviate = here(lambda: Weaviate.start(room / "weaviate", key=KEY))
        stack.callback(weaviate.drop)
        yield Servers(ledger, redis, weaviate, slack, model)
    assert slack.problems == []


@pytest.fixture(params=["of this machine", pytest.param("built", marks=pytest.mark.contract)])
def images(request, room, model_cache):
    """The two images, and what they need of this machine."""
    if request.param == "built":
        builder, lent = request.getfixturevalue("builder"), []
    else:
        (room / "images").mkdir()
        builder = Machine(room / "images")
        minilm.build(model_cache)
        lent = builder.lent(model_cache)
    return {f"sabio-{name}": builder.build(name) for name in ("bot", "worker")}, lent


@pytest.fixture
def pages(room):
    """The folder that is the source of both installations."""
    write_pages(room / "pages")
    return room / "pages"


@pytest.fixture
def install(chart, servers, images, pages, room):
    """Renders one of `installation`: a release, of which nothing runs yet."""
    (room / "pods").mkdir()
    pytest_socket.socket_allow_hosts(["127.0.0.1", POD], allow_unix_socket=True)

    def install(called):
        values, secrets, peers = called(servers)
        node = Node(chart.render(values), secrets)
        return Release(Place(node, images[0], peers, {"pages": pages}, room / "pods", images[1]))

    return install


def said(pod, *words):
    """What a command prints that `kubectl exec` runs beside a pod's process."""
    done = pod.run("sabio", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return " ".join(done.stdout.split())


def change(pages):
    """What a company does in a day: two pages say something else, and there are many new ones."""
    page = pages / "wiki/people/remote-work.md"
    page.write_text(page.read_text("utf-8").replace("three days", "four days"), "utf-8")
    path = pages / "drive/finance/purchasing-policy.docx"
    policy = docx.Document(path)
    for paragraph in policy.paragraphs:
        paragraph.text = paragraph.text.replace("45 days", "50 days")
    policy.save(path)
    for number in range(14):
        text = f"# Room {number}\nThe room {number} has {number + 4} chairs and a screen.\n"
        (pages / f"room-{number}.md").write_text(text, "utf-8")


def asked_of(ledger, query):
    """The one number that a query gives."""
    with psycopg.connect(ledger) as connection:
        return connection.execute(query).fetchone()[0]


def ask_in_slack(slack, question, answer):
    """Ask, and wait for the answer with a source below it."""
    thread, _ = slack.say(ANA, f"<@UBOT> {question}")
    reply = slack.await_reply(thread, until=lambda one: answer in json.dumps(one), seconds=60)
    assert "https://wiki.acme.com/" in json.dumps(reply)


def hang_in(release, pods, slack):
    """Where Slack posts, lead what it posts to the pod as the chart's Ingress and Service say."""
    name, port = release.behind("/slack/events")
    proxy = Proxy(lambda: pods[name].connect(pods[name].ports[port]))
    slack.post_to(f"http://127.0.0.1:{proxy.port}/slack/events")
    return proxy


@pytest.mark.parametrize("called", ["small", pytest.param("production", marks=pytest.mark.contract)])
def test_everything_that_the_chart_starts_answers_from_its_first_hook_to_its_last_signal(
    install, servers, called
):
    release = install(getattr(installation, called))
    hook = release.ended("migrate")
    assert (hook.code, hook.said) == (0, f"The ledger's tables were made: migration {HEAD}.\n")

    with ExitStack() as stack:
        pods = stack.enter_context(release.running())
        bot = pods["kb-sabio-bot"]
        for pod in pods.values():
            assert pod.confinement() == NOBODY
            assert pod.run("sh", "-c", WRITABLE).stdout.split() == ["/tmp", "/var/lib/sabio"]

        # Nobody has asked for it: the beat sends a message, and workers do the rest.
        published = 'sabio_documents{source="pages"} 3.0'
        await_(lambda: published in bot.get("/metrics"), "the pages are published", **SOON)
        asked = release.ended("test")
        assert asked.code == 0, asked.said
        assert ANSWER in " ".join(asked.said.split())
        assert "https://wiki.acme.com/wiki/personas/vacaciones.md#" in asked.said
        if called == "production":
            stack.enter_context(hang_in(release, pods, servers.slack))
        ask_in_slack(servers.slack, INVOICES, "Invoices are paid 45 days after they arrive")
        ask_in_slack(servers.slack, HOME, "up to three days a week")

        # Nobody else was looked for, and no library keeps in its home folder what it would report.
        names = {name for pod in (hook, asked, *pods.values()) for name in pod.asked}
        assert names == installation.ELSEWHERE[called]
        for pod in pods.values():
            assert not any(name.startswith(".") for name in pod.run("ls", "-A", "/tmp").stdout.split())
        assert set(stop(pods.values()).values()) == {0}
        assert "Traceback" not in "".join(pod.said() for pod in pods.values())
    assert bool(servers.model.requests) == (called == "production")


@pytest.mark.contract
def test_a_pod_that_is_killed_in_the_middle_of_a_sync_is_replaced_and_the_sync_ends(
    install, servers, pages, postgres_url
):
    release = install(installation.small)
    release.ended("migrate")
    with release.running() as pods:
        bot, ingest = pods["kb-sabio-bot"], pods["kb-sabio-worker-ingest"]
        assert "ok source pages" in said(ingest, "check")
        assert "pages done" in said(bot, "sync", "--watch")
        change(pages)
        said(bot, "sync", "--background")
        await_(
            lambda: asked_of(postgres_url, "SELECT count(owner) >= 10 FROM pending"),
            "it is at work",
            **SOON,
        )
        ingest.kill()
        assert asked_of(postgres_url, "SELECT count(*) FROM pending") > 0
        with release.begun("kb-sabio-worker-ingest") as other:
            other.await_ready()
            assert "pages done" in said(bot, "sync", "--watch")
            assert asked_of(postgres_url, "SELECT count(*) FROM pending") == 0
            assert ANSWER in said(bot, "ask", QUESTION)
            ask_in_slack(servers.slack, HOME, "up to four days a week")
            ask_in_slack(servers.slack, INVOICES, "Invoices are paid 50 days after they arrive")


def test_a_key_that_a_secret_lacks_and_a_misspelt_setting_end_a_pod_with_their_names(chart, images, room):
    config = {"llm_api_key": "${OPENAI_API_KEY}", "sync": {"shedule": "daily"}}
    secret = dict.fromkeys(("SABIO_LEDGER", "OPENAI_KEY", *THERE), "invented")
    node = Node(chart.render({**SMALL, "config": config}), {"sabio": secret})
    ended = Release(Place(node, images[0], {}, {}, room, images[1])).ended("bot")
    assert ended.code == 2
    assert "`llm_api_key`: `${OPENAI_API_KEY}` was not found" in ended.said
    assert "`sync.shedule` is not a setting; did you mean `sync.schedule`?" in ended.said


def test_a_pod_whose_secret_lacks_a_key_does_not_start_and_says_which(chart, images, room):
    node = Node(chart.render(SMALL), {"sabio": dict.fromkeys(THERE, "invented")})
    release = Release(Place(node, images[0], {}, {}, room, images[1]))
    with pytest.raises(NotStarted, match="couldn't find key SABIO_LEDGER in Secret sabio"):
        release.ended("bot")


@pytest.mark.parametrize("shared", [False, True])
def test_a_pod_that_goes_on_forever_ends_with_its_block(chart, images, room, shared):
    node = Node(chart.render(SMALL), {"sabio": dict.fromkeys(("SABIO_LEDGER", *THERE), "invented")})
    template = named(node.objects, "Deployment", "kb-sabio-beat")["spec"]["template"]
    spec = {**template["spec"], "shareProcessNamespace": shared}
    spec["containers"] = [spec["containers"][0] | {"command": ["sleep"], "args": ["infinity"]}]
    with Container(Place(node, images[0], {}, {}, room, images[1]), "forever", {"spec": spec}) as pod:
        await_(lambda: pod.pid and Path(f"/proc/{pod.pid}/comm").read_text() == "sleep\n", "it runs", **SOON)
        process = os.pidfd_open(pod.pid)
    with os.fdopen(process):
        assert select.select([process], [], [], 60)[0]
