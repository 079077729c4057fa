"""With the libraries of the bot's image alone its commands work; with those of the worker's, all of it.

They are run by a Python that can import what the lock file and the Dockerfile leave, and nothing else.
"""

import json
import shutil
import signal
import subprocess
import time
from urllib.request import urlopen

import pytest

from config.settings import EXAMPLE
from ingest import minilm
from ingest.parsing import LIBRARIES
from tests.image.libraries import environment, held_by, python_with

QUEUE = {"SABIO_QUEUE": "redis://127.0.0.1:9/0"}  # nobody answers there, and none of these asks


@pytest.fixture(scope="module")
def company(tmp_path_factory, model_cache):
    """A drive with a document of each kind, read with the libraries of the worker; the Python of the bot.

    But for the scanned page, which takes long. The model is one that was made beforehand, where nothing can
    be written.
    """
    folder = tmp_path_factory.mktemp("company")
    shutil.copytree(minilm.build(model_cache).parent, folder / "models")
    places = [folder / "models", *(folder / "models").rglob("*")]
    for place in places:
        place.chmod(0o555 if place.is_dir() else 0o444)
    drive = {"name": "drive", "type": "folder", "path": str(EXAMPLE.parent / "sample" / "drive")}
    drive |= {"url": "https://drive.example/{path}", "readers": ["everyone"], "exclude": ["oficinas/**"]}
    settings = {"models": str(folder / "models"), "translation": "none", "sources": [drive]}
    (folder / "sabio.yaml").write_text(json.dumps(settings), encoding="utf-8")
    done = run(python_with(held_by("worker-packages"), folder / "worker"), folder, "sync", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    (report,) = json.loads(done.stdout)["runs"]
    assert (report["outcome"], report["new"], report["failed"]) == ("done", report["scanned"], []), report
    yield folder, python_with(held_by("bot-packages"), folder / "bot")
    for place in places:
        place.chmod(0o755)


def run(python, folder, *words, **more):
    """The `sabio` command."""
    return start(python, folder, "-m", "bot", *words, **more)


def checks(done):
    """What `sabio check` found, by subject."""
    return {each["subject"]: each for each in json.loads(done.stdout)["findings"]}


def start(python, folder, *words, **more):
    return subprocess.run(
        [python, *words], cwd=folder, env=environment() | more, capture_output=True, text=True, check=False
    )


def test_a_question_is_answered_without_what_reads_documents(company):
    folder, bot = company
    done = run(bot, folder, "ask", "When does a purchase need two quotes?", "--json", **QUEUE)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["citations"]
    assert not (folder / "var" / "models").exists()  # the one made beforehand was enough


@pytest.mark.parametrize("command", ["sync", pytest.param("work", marks=pytest.mark.contract), "serve"])
def test_what_needs_parsers_says_that_there_are_none(company, command):
    folder, bot = company
    done = run(bot, folder, command)
    assert done.returncode == 2
    assert "there are no parsers here" in done.stderr
    assert "sabio-worker" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_check_says_who_reads_the_documents_and_asks_for_no_program_that_parses(company):
    folder, bot = company
    found = checks(run(bot, folder, "check", "--json", **QUEUE))
    assert found["parsers"]["level"] == "ok"
    assert "workers" in found["parsers"]["message"]
    assert found["embedding"]["level"] == "ok"
    assert not {"tesseract", "pandoc"} & set(found)


@pytest.mark.contract
def test_the_check_says_that_a_bot_without_a_queue_cannot_do_the_work(company):
    folder, bot = company
    found = checks(run(bot, folder, "check", "--json"))
    assert found["parsers"]["level"] == "error"


def test_the_web_app_runs_without_them_and_ends_when_it_is_told_to(company, redis_url, loopback):
    folder, bot = company
    log = folder / "serve.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [bot, "-m", "bot", "serve", "--port", "0"],
            cwd=folder,
            env=environment() | {"SABIO_QUEUE": redis_url},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        until = time.monotonic() + 30
        while "/healthz" not in (said := log.read_text(encoding="utf-8")):
            assert process.poll() is None, said
            assert time.monotonic() < until, said
            time.sleep(0.05)
        address = said.partition("Health and metrics: ")[2].partition("/healthz")[0]
        assert json.loads(urlopen(f"{address}/readyz", timeout=10).read())["ready"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


def test_what_the_bot_leaves_out_is_really_not_there(company):
    folder, bot = company
    tried = "".join(
        f"try: import {name}\nexcept ModuleNotFoundError: pass\nelse: print('{name}')\n" for name in LIBRARIES
    )
    done = start(bot, folder, "-c", tried)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.contract
@pytest.mark.parametrize(
    "words",
    [
        ("search", "quotes"),
        ("status",),
        ("sources",),
        ("why", "two quotes"),
        ("feedback",),
        ("manifest", "slack"),
        ("rebuild",),
        ("--version",),
    ],
    ids=lambda words: words[0],
)
def test_every_command_that_reads_no_documents_works_without_what_does(company, words):
    folder, bot = company
    done = run(bot, folder, *words, **QUEUE)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.contract
def test_no_module_of_the_product_but_those_that_parse_needs_what_the_bot_leaves_out(company):
    folder, bot = company
    code = (
        "import pkgutil, importlib, bot, config, ingest, workers\n"
        "for package in (bot, config, ingest, workers):\n"
        "    for each in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        if each.name.startswith(('ingest.parsing.', 'ingest.ledger.migrations.env')): continue\n"
        "        if not each.name.endswith('__main__'): importlib.import_module(each.name)\n"
    )
    done = start(bot, folder, "-c", code)
    assert done.returncode == 0, done.stderr


@pytest.mark.contract
def test_the_bot_can_speak_to_the_models_of_its_extras(company):
    folder, bot = company
    code = (
        "from config.models import embedding_model, language_model\n"
        "for name in ('openai:gpt-4o-mini', 'anthropic:claude-haiku-4-5', 'ollama:llama3', 'azure:it'):\n"
        "    options = {'api_version': '2024-06-01'} if name == 'azure:it' else None\n"
        "    language_model('llm', name, url='http://127.0.0.1:9/v1', key='k', options=options)\n"
        "embedding_model('openai:text-embedding-3-small', {'api_key': 'k'})\n"
    )
    done = start(bot, folder, "-c", code)
    assert done.returncode == 0, done.stderr
