import os
import select
import shlex
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.errors import ConfigError
from ingest import apertium as programs
from ingest.apertium import Apertium
from ingest.translation import open_translator

# Speaks as Apertium's programs do: reads to NUL, answers in capitals. What it is told in the text it does.
PROGRAM = """
import os, sys, time
assert sys.argv[1] == "-z", sys.argv
log = sys.argv[2]
open(log, "a").write(f"{os.getpid()}\\n")
text = b""
while byte := sys.stdin.buffer.read(1):
    text += byte
    if byte != b"\\0":
        continue
    if b"DIE" in text or (b"STUMBLE" in text and not os.path.exists(log + ".stumbled")):
        open(log + ".stumbled", "w").close()
        os._exit(1)
    if b"HANG" in text:
        time.sleep(600)
    sys.stdout.buffer.write(text.upper())
    sys.stdout.buffer.flush()
    text = b""
"""


class World:
    """A folder with one pair of languages whose programs are ours."""

    def __init__(self, folder):
        self.modes = folder / "modes"
        self.modes.mkdir()
        self.log = folder / "started.log"
        program = folder / "speak"
        program.write_text(f"#!{sys.executable} -S\n{PROGRAM}")
        program.chmod(0o755)
        stage = f"{shlex.quote(str(program))} {shlex.quote(str(self.log))} $2"
        (self.modes / "spa-eng.mode").write_text(f"{stage} | {stage} $1")

    @property
    def started(self):
        """The ids of all programs that were started, in order."""
        return [int(line) for line in self.log.read_text().split()] if self.log.exists() else []


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def translator(world):
    made = Apertium(world.modes, patience=20.0, rest=3600)
    yield made
    made.close()


def impatient(world):
    return Apertium(world.modes, patience=0.7, rest=3600)


def gone(pid):
    """No process of that id, neither alive nor waiting to be buried."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


# ---- what it does ----


def test_texts_come_back_in_order_with_their_lines(translator):
    texts = ["uno", "dos\ntres\n\ncuatro", "", " \n ", "uno"]
    assert translator.translate(texts, "es", "en") == ["UNO", "DOS\nTRES\n\nCUATRO", "", " \n ", "UNO"]


def test_a_pair_is_known_by_its_file_and_in_its_direction(translator):
    assert translator.can("es", "en")
    assert not translator.can("en", "es")
    assert not translator.can("fr", "en")
    assert not translator.can("es", "es")
    assert translator.translate(["bonjour"], "fr", "en") == [None]


def test_programs_start_at_the_first_text_and_stay(world, translator):
    assert world.started == []
    for word in ("uno", "dos", "tres"):
        translator.translate([word], "es", "en")
    assert len(world.started) == 2


def test_signs_that_mean_something_to_apertium_are_only_text(translator):
    text = r"[a] {b} ^c$ d/e <f> @g \h *i #j []["
    assert translator.translate([text], "es", "en") == [text.upper()]


def test_what_no_program_should_read_is_taken_out(translator):
    assert translator.translate(["a\x00b\x07c\ud800d\ufeff"], "es", "en") == ["A B C?D "]


def test_long_texts_are_cut_at_sentences_and_come_back_whole(translator):
    text = "Una frase que no es corta. " * 200
    assert translator.translate([text.strip()], "es", "en") == [text.strip().upper()]
    endless = "x" * 5_000
    assert translator.translate([endless], "es", "en") == [endless.upper()]


def test_more_text_than_the_pipes_hold_does_not_block(translator):
    texts = [f"{number} " + "palabra " * 100 for number in range(400)]
    assert translator.translate(texts, "es", "en") == [text.upper() for text in texts]


def test_threads_get_their_own_answers(translator):
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: translator.translate([f"texto {n}"], "es", "en"), range(100)))
    assert answers == [[f"TEXTO {n}"] for n in range(100)]


# ---- when it fails ----


def test_a_translator_that_died_meanwhile_is_started_again(world, translator):
    assert translator.translate(["uno"], "es", "en") == ["UNO"]
    for pid in world.started:
        os.kill(pid, 9)
    assert translator.translate(["dos"], "es", "en") == ["DOS"]
    assert len(world.started) == 4


def test_a_text_that_broke_it_once_is_tried_again(world, translator):
    assert translator.translate(["uno", "STUMBLE", "dos"], "es", "en") == ["UNO", "STUMBLE", "DOS"]


def test_a_text_that_breaks_it_is_left_out_and_the_others_are_not(world, translator):
    texts = ["uno", "DIE", "dos\nDIE", "tres"]
    assert translator.translate(texts, "es", "en") == ["UNO", None, None, "TRES"]


def test_a_text_that_hangs_it_is_left_out_within_its_patience(world):
    translator = impatient(world)
    assert translator.translate(["HANG", "dos"], "es", "en") == [None, "DOS"]
    translator.close()


def test_a_pair_that_keeps_failing_is_left_alone_for_a_while(world, translator):
    assert translator.translate(["DIE 1", "DIE 2", "DIE 3", "uno"], "es", "en") == [None] * 4
    started = len(world.started)
    assert translator.translate(["dos"], "es", "en") == [None]
    assert len(world.started) == started


def test_a_pair_that_rested_is_tried_again(world):
    translator = Apertium(world.modes, patience=20.0, rest=0.0)
    assert translator.translate(["DIE 1", "DIE 2", "DIE 3", "uno"], "es", "en") == [None, None, None, "UNO"]
    translator.close()


def test_a_program_that_is_not_there_leaves_texts_out(world, translator):
    (world.modes / "spa-eng.mode").write_text("/nowhere/lt-proc 'a.bin'")
    assert translator.translate(["uno"], "es", "en") == [None]


def test_what_was_left_out_is_no_answer_for_later(world, tmp_path):
    translator = Apertium(world.modes, patience=20.0, rest=0.0)
    mode = (world.modes / "spa-eng.mode").read_text()
    (world.modes / "spa-eng.mode").write_text("/nowhere/lt-proc 'a.bin'")
    assert translator.translate(["uno"], "es", "en") == [None]
    (world.modes / "spa-eng.mode").write_text(mode)
    assert translator.translate(["uno"], "es", "en") == ["UNO"]
    translator.close()


# ---- what it leaves behind: nothing ----


def test_closing_leaves_no_program_and_no_zombie(world, translator):
    translator.translate(["uno"], "es", "en")
    translator.close()
    assert all(gone(pid) for pid in world.started)
    assert translator.translate(["dos"], "es", "en") == ["DOS"]


def test_broken_pipelines_leave_no_zombie(world):
    translator = impatient(world)
    translator.translate(["DIE", "HANG"], "es", "en")
    translator.close()
    assert all(gone(pid) for pid in world.started)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux tells when somebody else's child ends")
def test_programs_end_when_we_are_killed(world):
    """A process of ours opens a translator and is killed; its programs see the end of their input."""
    script = """if True:
        import pathlib, sys
        from ingest.apertium import Apertium
        translator = Apertium(pathlib.Path(sys.argv[1]))
        translator.translate(["uno"], "es", "en")
        print("ready", flush=True)
        input()
    """
    with subprocess.Popen(
        [sys.executable, "-c", script, str(world.modes)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as killed:
        assert killed.stdout.readline() == b"ready\n"
        ends = [os.pidfd_open(pid) for pid in world.started]
        killed.kill()
    assert len(ends) == 2
    for end in ends:
        assert select.select([end], [], [], 30)[0] == [end]
        os.close(end)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_does_not_share_the_pipes(world, translator):
    translator.translate(["uno"], "es", "en")
    child = os.fork()
    if child == 0:
        right = translator.translate(["dos"], "es", "en") == ["DOS"]
        translator.close()
        os._exit(0 if right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert translator.translate(["tres"], "es", "en") == ["TRES"]
    assert len(world.started) == 4


def test_a_question_does_not_wait_for_a_whole_batch(world, translator, monkeypatch):
    """Between two slices of a batch somebody else gets a turn."""
    started, order = threading.Event(), []
    work_off = programs._Line._work_off

    def tell(line, pieces):
        started.set()
        return work_off(line, pieces)

    def ask_a_batch():
        translator.translate([f"texto {number}" for number in range(3_000)], "es", "en")
        order.append("batch")

    monkeypatch.setattr(programs._Line, "_work_off", tell)
    batch = threading.Thread(target=ask_a_batch)
    batch.start()
    assert started.wait(60)
    translator.translate(["pregunta"], "es", "en")
    order.append("question")
    batch.join(60)
    assert order == ["question", "batch"]


# ---- which one ----


def test_without_a_translator_texts_are_left_out():
    translator = open_translator("none")
    assert translator.name == "none"
    assert not translator.can("es", "en")
    assert translator.translate(["hola", "adiós"], "es", "en") == [None, None]


def test_auto_is_none_where_nothing_is_installed(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert open_translator("auto").name == "none"


def test_a_translator_that_is_named_and_absent_is_told_with_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="make system"):
        open_translator("apertium")


def test_an_unknown_translator_is_told_with_those_that_are_known():
    with pytest.raises(ConfigError, match="auto, apertium or none"):
        open_translator("deepl")


# ---- the real one ----


@pytest.fixture(scope="module")
def apertium():
    if shutil.which("apertium") is None or not open_translator("auto").can("es", "en"):
        pytest.skip("Apertium with eng-spa is not installed: `make system` installs it")
    made = open_translator("apertium")
    yield made
    made.close()


def test_apertium_translates_a_question_and_keeps_codes_as_they_are(apertium):
    [english] = apertium.translate(
        ["¿Quién aprueba los viajes? Mira app/assets y Gemfile_custom."], "es", "en"
    )
    assert english == "Who approves the trips? It looks app/assets and Gemfile_custom."


def test_apertium_puts_no_marks_on_words_that_it_does_not_know(apertium):
    assert apertium.translate(["la zorblaxica *nota*"], "es", "en") == ["The zorblaxica *notes*"]


def test_apertium_keeps_the_lines_of_a_list(apertium):
    [english] = apertium.translate(["Necesitas:\n- el formulario\n- una foto"], "es", "en")
    assert len(english.splitlines()) == 3
    assert "photo" in english.splitlines()[2]
