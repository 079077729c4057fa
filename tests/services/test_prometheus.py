"""Prometheus is the real one, and who lacks it is told so."""

import pytest

from tests.services import MissingServer
from tests.services.fixtures import here
from tests.services.prometheus import LABELS, Prometheus, Promtool


def test_it_scrapes_evaluates_and_says_what_it_does_not_understand(tmp_path, loopback):
    here(Prometheus.find_program)
    prometheus = Prometheus.start(tmp_path / "prometheus")
    try:
        rules = [{"alert": "Known", "expr": "up == 1"}]
        prometheus.watch({"itself": prometheus.ports["port"]}, [{"name": "all", "rules": rules}])
        while not (found := prometheus.ask("up == 1")):
            continue
        assert found[0]["metric"].items() >= {**LABELS, "pod": "itself"}.items()
        with pytest.raises(AssertionError, match="parse error"):
            prometheus.ask("max(")
        while prometheus.alerts().get("Known") != "ok":
            continue
    finally:
        prometheus.drop()


def test_promtool_says_what_is_wrong_with_rules(tmp_path):
    here(Promtool.find_program)
    rules = tmp_path / "rules.yml"
    rules.write_text("groups: [{name: all, rules: [{alert: Wrong, expr: 'max('}]}]")
    with pytest.raises(AssertionError, match="Wrong"):
        Promtool.run("check", "rules", rules)


def test_who_lacks_it_is_told_where_it_comes_from(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(MissingServer, match="prometheus of Debian's package prometheus"):
        Prometheus.find_program()
