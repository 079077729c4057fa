"""What is installed for the tests, where, and what is said where it is not."""

import pytest

from tests.services import MissingServer, Postgres, Redis, install

NAMES = {Redis: "redis-server", Postgres: "postgresql"}
OTHERS = {"chromium", "fonts-liberation", "fonts-noto-color-emoji", "nodejs", "npm", "rclone"}


@pytest.fixture
def bare(monkeypatch):
    """A machine without any server. What would be installed is noted in what this returns."""
    asked = []

    def find_nothing(kind):
        raise MissingServer(f"{kind.name} is not installed")

    def find_no_weaviate():
        raise MissingServer("Weaviate could not be had")

    def find_no_mediawiki():
        raise MissingServer("MediaWiki could not be had")

    def find_no_helm():
        raise MissingServer("Helm could not be had")

    def find_no_prometheus():
        raise MissingServer("Prometheus could not be had")

    def find_no_kubernetes():
        raise MissingServer("Kubernetes could not be had")

    def install_nothing(programs):
        asked.extend(package for program in programs for package in program.packages)
        return "neither root nor sudo"

    for kind in NAMES:
        monkeypatch.setattr(kind, "find_program", classmethod(find_nothing))
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(install, "get_weaviate", find_no_weaviate)
    monkeypatch.setattr(install, "get_mediawiki", find_no_mediawiki)
    monkeypatch.setattr(install, "get_helm", find_no_helm)
    monkeypatch.setattr(install, "get_prometheus", find_no_prometheus)
    monkeypatch.setattr(install, "get_kubernetes", find_no_kubernetes)
    monkeypatch.setattr(install, "install_programs", install_nothing)
    monkeypatch.setattr(install, "IN_CI", False)
    monkeypatch.setattr(install, "starts_services", lambda: False)
    return asked


def test_what_is_missing_is_installed_and_told_where_it_could_not_be(bare, capsys):
    assert install.main() == 0
    assert set(bare) == {*NAMES.values(), *OTHERS}
    said = capsys.readouterr().err
    for line in (
        "Redis is not installed; neither root nor sudo",
        "Weaviate could not be had",
        "MediaWiki could not be had",
        "Helm could not be had",
        "Prometheus could not be had",
        "Debian: apt-get install chromium",
        "Debian: nodejs npm",
        "Debian: rclone",
        "will be left out",
    ):
        assert line in said


def test_kubernetes_is_built_for_make_contract_alone(bare, capsys):
    assert install.main() == 0
    assert "Kubernetes" not in capsys.readouterr().err
    assert install.main("contract") == 0
    assert "Kubernetes could not be had" in capsys.readouterr().err


def test_no_server_is_installed_where_its_package_would_start_a_service(bare, monkeypatch, capsys):
    monkeypatch.setattr(install, "starts_services", lambda: True)
    assert install.main() == 0
    assert set(bare) == OTHERS
    assert "would start services" in capsys.readouterr().err


def test_in_ci_it_is_installed_all_the_same_and_missing_is_an_error(bare, monkeypatch):
    monkeypatch.setattr(install, "starts_services", lambda: True)
    monkeypatch.setattr(install, "IN_CI", True)
    assert install.main() == 1
    assert set(bare) == {*NAMES.values(), *OTHERS}


def test_where_everything_is_here_nothing_is_installed_and_nothing_is_said(
    redis_server, postgres_server, weaviate_server, mediawiki, bare, monkeypatch, capsys
):
    monkeypatch.undo()
    monkeypatch.setattr(install, "install_programs", bare.append)
    assert install.main() == 0
    assert bare == []
    assert capsys.readouterr().err == ""
