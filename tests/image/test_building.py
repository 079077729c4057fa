"""The Dockerfile carried out in a clean root: how large the images are, and that they work as they should.

What this does not prove is said in clean_root.py.
"""

import os
import random
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from config.settings import EXAMPLE
from tests.image.clean_root import Container, confined

pytestmark = pytest.mark.contract


@pytest.fixture(scope="module", params=["bot", "worker"])
def image(request, builder):
    return builder.build(request.param)


@pytest.fixture
def data():
    """The folder of everything that is stored, of the images' own user."""
    folder = Path(f"/var/tmp/sabio-{os.urandom(4).hex()}")  # where any user may pass
    folder.mkdir()
    os.chown(folder, 10001, 10001)
    yield folder
    shutil.rmtree(folder)


def run(image, *words, **more):
    return subprocess.run(
        confined(image, words, **more), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def python(image, code):
    """Run Python in an image, where its entry point is `sabio`."""
    words = ["python", "-c", code]
    bare = type(image)(**{**vars(image), "entrypoint": ()})
    return run(bare, *words)


def test_the_images_are_as_small_as_the_documentation_says(builder):
    sizes = {name: builder.build(name).size(builder.base().files) for name in ("bot", "worker")}
    print({name: f"{size / 1e6:.0f} MB" for name, size in sizes.items()})  # noqa: T201
    assert sizes["bot"] < 700e6
    assert sizes["worker"] < 1500e6


def test_an_image_holds_no_compiler_and_nothing_that_installs(image):
    programs = {path.name for folder in ("usr/bin", "usr/local/bin", "opt/sabio/bin") for path in
                (image.files / folder).iterdir()}  # fmt: skip
    assert not programs & {
        "gcc",
        "cc",
        "g++",
        "make",
        "ld",
        "as",
        "pip",
        "pip3",
        "uv",
        "uvx",
        "curl",
        "wget",
        "git",
    }
    assert not (image.files / "usr/local/lib/python3.13/ensurepip").exists()
    done = python(image, "import importlib.util; print(importlib.util.find_spec('pip'))")
    assert (done.returncode, done.stdout) == (0, "None\n"), done.stderr


def test_an_image_runs_as_nobody_in_particular_and_can_write_nowhere_else(image):
    tried = (
        "import os, pathlib\n"
        "print(os.getuid(), os.getgid())\n"
        "for place in ('/', '/opt/sabio', '/opt/models', '/etc/sabio', '/usr', '/var/lib/sabio', '/tmp'):\n"
        "    try: (pathlib.Path(place) / 'x').write_text('x'); print('written', place)\n"
        "    except OSError: pass\n"
    )
    done = python(image, tried)
    assert done.stdout.splitlines() == ["10001 10001", "written /tmp"], done.stderr


def test_an_image_tells_its_version_and_what_it_would_do(image):
    assert run(image, "--version").stdout.startswith("sabio ")
    assert run(image, "--help").returncode == 0


def test_an_image_holds_its_model_and_its_bytecode(image):
    asked = (
        "from pathlib import Path; from ingest.embedding import open_embedder;"
        "print(open_embedder('local', Path('/var/lib/sabio/models'), made=Path('/opt/models')).dimension)"
    )
    done = python(image, asked)
    assert done.stdout.strip() == "384", done.stderr
    compiled = list((image.files / "opt/sabio/lib").rglob("fields.cpython-*.pyc"))
    assert compiled  # else each start would compile it again, and could not keep it


def test_a_worker_alone_is_the_whole_product(builder, data):
    worker, place = builder.build("worker"), [(data, "/var/lib/sabio")]
    checked = run(worker, "check", binds=place)
    assert checked.returncode == 0, checked.stdout
    assert "warning" not in checked.stdout  # every program of config/system.py is there
    done = run(worker, "sync", binds=place)
    assert done.returncode == 0, done.stdout + done.stderr
    asked = run(worker, "ask", "¿Cuánto se cobra por una semana completa de guardia?", binds=place)
    assert "420" in asked.stdout, asked.stdout + asked.stderr  # an English page, by its translation
    asked = run(worker, "ask", "¿Dónde está el punto de encuentro de Valencia?", binds=place)
    assert "plan-de-emergencia" in asked.stdout, asked.stdout  # a scanned page


def test_the_celery_command_is_in_the_worker(builder):
    worker = builder.build("worker")
    bare = type(worker)(**{**vars(worker), "entrypoint": ()})
    done = run(bare, "celery", "--version")
    assert done.returncode == 0, done.stderr


def free_ports():
    """Three in a row."""
    while True:
        first = random.randrange(20000, 30000)
        try:
            for port in range(first, first + 3):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first


def await_health(image, container, environment, command):
    bare = type(image)(**{**vars(image), "entrypoint": ()})
    until = time.monotonic() + 60
    while (done := run(bare, *command, environment=environment)).returncode:
        assert container.alive, container.said()
        assert time.monotonic() < until, container.said() + done.stderr
        time.sleep(0.5)


def test_the_three_processes_answer_a_question_end_to_end(
    builder, data, tmp_path, redis_url, postgres_url, weaviate_url
):
    bot, worker = builder.build("bot"), builder.build("worker")
    folder = data / "etc"
    shutil.copytree(EXAMPLE.parent / "sample", folder / "sample")
    (folder / "sabio.yaml").write_text(
        "sources:\n"
        "  - {name: wiki, type: folder, path: ./sample/wiki, readers: [everyone],"
        " url: 'https://wiki.example/{path}'}\n"
        "  - {name: drive, type: folder, path: ./sample/drive, readers: [everyone]}\n",
        encoding="utf-8",
    )
    environment = {
        "SABIO_LEDGER": postgres_url,
        "SABIO_INDEX": weaviate_url,
        "SABIO_QUEUE": redis_url,
        "SABIO_SERVER__HOST": "127.0.0.1",
        "SABIO_SERVER__PORT": str(free_ports()),
    }
    # A folder for each, as for containers on two machines: they share the servers, and nothing else.
    for name in ("one", "two", "three"):
        (data / name).mkdir()
        os.chown(data / name, 10001, 10001)

    def of(image, name, *words):
        binds = [(folder, "/etc/sabio"), (data / name, "/var/lib/sabio")]
        return confined(image, words, binds=binds, environment=environment)

    beat_health = [*bot.health[:-1], bot.health[-1].replace("PORT'])", "PORT']) + 2")]
    with (
        Container(of(bot, "one", "serve"), tmp_path / "serve") as serve,
        Container(of(worker, "two", "work"), tmp_path / "work") as work,
        Container(of(bot, "three", "beat"), tmp_path / "beat") as beat,
    ):
        await_health(bot, serve, environment, bot.health)
        await_health(worker, work, environment, worker.health)
        await_health(bot, beat, environment, beat_health)

        def said(*words):
            done = subprocess.run(
                of(bot, "one", *words), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
            )
            assert done.returncode == 0, done.stdout + done.stderr + work.said()
            return done.stdout

        said("sync", "--watch")
        assert "ok      parsers" in said("check")
        assert "420" in said("ask", "How much is a full week of on-call paid?")
        assert "https://wiki.example/" in said("ask", "¿Cuántos días de vacaciones hay en Valencia?")
        for process in (serve, work, beat):
            assert process.stop() == 0, process.said()
            assert "Traceback" not in process.said()
