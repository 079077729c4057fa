"""System programs: what is here, what is not, and what is off without it."""

import os
import stat
from dataclasses import replace

import pytest

from config import system
from config.system import PROGRAMS, Program, explain_missing, install_programs, main, missing_programs

ABSENT = Program("sabio-no-such-program", "reading minds", ("minds", "minds-spa"))


@pytest.fixture
def programs_here(tmp_path, monkeypatch):
    """A machine with just the programs that are written here: name and shell script."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def write(name: str, script: str) -> None:
        file = tmp_path / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    return write


def test_a_program_that_is_not_here_is_named_with_what_is_off():
    assert missing_programs([ABSENT]) == [ABSENT]
    said = explain_missing(ABSENT)
    assert "sabio-no-such-program" in said
    assert "off: reading minds" in said
    assert "minds-spa" in said


def test_a_program_without_the_language_it_needs_is_missing(programs_here):
    tesseract = next(program for program in PROGRAMS if program.name == "tesseract")
    programs_here("tesseract", "echo eng")
    assert not tesseract.present()
    programs_here("tesseract", "echo 'List of languages:'; echo eng; echo spa")
    assert tesseract.present()


def test_languages_listed_on_the_error_stream_count_too(programs_here):
    programs_here("tesseract", "echo eng >&2; echo spa >&2")
    assert next(program for program in PROGRAMS if program.name == "tesseract").present()


def test_a_bare_machine_is_told_every_feature_once_and_nothing_fails(programs_here, capsys):
    main()
    said = capsys.readouterr().err
    assert "this system has no apt-get" in said
    for program in PROGRAMS:
        assert said.count(program.feature) == (0 if program.name == "pandoc" else 1)


def test_the_pandoc_that_a_wheel_carries_counts_as_installed(programs_here):
    (pandoc,) = (program for program in PROGRAMS if program.name == "pandoc")
    assert pandoc.present()
    assert not replace(pandoc, bundled=None).present()
    assert not replace(pandoc, bundled="no_such_package").present()


def test_a_machine_with_everything_hears_nothing(monkeypatch, capsys):
    monkeypatch.setattr(system, "missing_programs", lambda *_: [])
    main()
    assert capsys.readouterr().err == ""


def test_root_installs_by_apt_without_questions(programs_here, monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    programs_here("env", 'export "$1"; shift; exec "$@"')
    programs_here("apt-get", f'echo "$DEBIAN_FRONTEND $@" >> {tmp_path}/calls')
    assert install_programs([ABSENT]) is None
    assert (tmp_path / "calls").read_text().splitlines() == [
        "noninteractive update -qq",
        "noninteractive install -y -qq --no-install-recommends minds minds-spa",
    ]


def test_a_person_whose_sudo_wants_a_password_is_not_asked_for_it(programs_here, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    programs_here("apt-get", "exit 0")
    assert install_programs([ABSENT]) == "neither root nor sudo without a password"
    programs_here("sudo", "exit 1")
    assert install_programs([ABSENT]) == "neither root nor sudo without a password"


def test_sudo_without_a_password_is_used(programs_here, monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    programs_here("env", 'export "$1"; shift; exec "$@"')
    programs_here("sudo", f'printf "%s\\n" "$*" >> {tmp_path}/calls; shift; [ "$1" = true ] || exec "$@"')
    programs_here("apt-get", "exit 0")
    programs_here("true", "exit 0")
    assert install_programs([ABSENT]) is None
    assert (
        (tmp_path / "calls").read_text().startswith("-n true\n-n env DEBIAN_FRONTEND=noninteractive apt-get")
    )


def test_what_apt_refuses_is_said_and_nothing_fails(programs_here, monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    programs_here("env", 'shift; exec "$@"')
    programs_here("apt-get", 'echo "W: old" >&2; echo "E: Unable to locate package minds" >&2; exit 100')
    main()
    assert "Could not install everything: E: Unable to locate package minds" in capsys.readouterr().err
