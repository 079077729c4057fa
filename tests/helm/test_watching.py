"""The dashboard and the alerts on a real company: its processes, its servers, its good and its bad days.

Every panel shows something in the course of them, Prometheus refuses no expression, and what panels say is
what has happened. What docs/runbook.md promises of outages is looked at as well.
"""

import urllib.error
import urllib.request

import pytest

from tests.helm.chart import PRODUCTION, of_kind
from tests.helm.panels import PANELS
from tests.helm.test_alerts import ALERTS
from tests.helm.watched import LOST, Servers, bad_documents, bad_model, good_day, index_away, watched
from tests.services.fixtures import here
from tests.services.prometheus import Prometheus
from tests.slack.office import LUIS
from tests.waiting import await_

pytestmark = [pytest.mark.contract, pytest.mark.usefixtures("loopback")]
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
TARGETS = {(panel.title, target.ref): target for panel in PANELS for target in panel.targets}


class Seen:
    """Which questions of the dashboard had an answer at any time."""

    def __init__(self, prometheus):
        self._prometheus = prometheus
        self.blank = set(TARGETS)

    def look(self):
        """Ask those again that had none."""
        self.blank = {key for key in self.blank if not self._prometheus.ask(TARGETS[key].filled())}
        return self


def value(company, title, ref="A", **labels):
    """What the dashboard shows: the one value of the series with these labels."""
    found = company.prometheus.ask(TARGETS[title, ref].filled())
    [one] = [one for one in found if one["metric"].items() >= labels.items()]
    return float(one["value"][1])


def fires(company):
    """The names of the alerts that fire."""
    return {one["metric"]["alertname"] for one in company.prometheus.ask("ALERTS{alertstate='firing'}")}


def ready(company, process):
    """Whether a process says that it is ready."""
    try:
        with OPENER.open(f"http://127.0.0.1:{company.ports[process]}/readyz", timeout=15):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return False


@pytest.fixture
def company(tmp_path, chart, own_redis, own_postgres, own_weaviate):
    here(Prometheus.find_program)
    [rule] = of_kind(chart.render(PRODUCTION), "PrometheusRule")
    servers = Servers(own_redis, own_postgres, own_weaviate)
    with watched(tmp_path, servers, rule["spec"]["groups"]) as company:
        await_(lambda: len(company.prometheus.ask("up == 1")) == 3, "all three are scraped")
        yield company


def test_the_dashboard_shows_what_happens_in_a_real_company(company):
    seen = Seen(company.prometheus)
    see_a_good_day(company, seen)
    see_a_bad_one(company, seen)
    see_the_index_go(company, seen)
    assert seen.look().blank == set()
    see_the_queue_go(company)
    see_the_ledger_go(company)
    assert company.prometheus.alerts() == {one["alert"]: "ok" for one in ALERTS}


def see_a_good_day(company, seen):
    good_day(company)
    assert ready(company, "bot")
    await_(lambda: value(company, "Votes", vote="down") >= 1, "the votes are told")
    seen.look()
    assert value(company, "Ledger") == value(company, "Queue") == 1
    assert value(company, "Not reached") == 0
    assert value(company, "At work") == 1
    assert value(company, "Sources", "B", source="wiki") == 20
    assert value(company, "Sources", "G", source=LOST) == 1
    assert value(company, "How questions ended", "D") == 0


def see_a_bad_one(company, seen):
    bad_model(company)
    bad_documents(company)
    await_(lambda: value(company, "Sources", "F", source="drive") == 8, "the removals are held")
    assert value(company, "Sources", "E", source="drive") == 1
    await_(lambda: value(company, "Alerts") == 1, "an alert fires")
    assert fires(company) == {"SabioIndexMended"}
    seen.look()


def see_the_index_go(company, seen):
    """A question gets an honest reply, and the run goes on by itself when the index is back."""
    left, going_on = (TARGETS["Runs under way", ref].filled() for ref in "CA")
    with index_away(company):
        await_(lambda: company.prometheus.ask(left), "a run is under way, and planned")
        seen.look()
        assert value(company, "Runs under way", "C", source="wiki") == 1
        await_(lambda: value(company, "How questions ended", "D") > 0, "the outage is told")
        assert ready(company, "bot"), "people are told what is down"
        assert not ready(company, "worker")
    await_(lambda: not company.prometheus.ask(going_on), "the run has ended")
    assert value(company, "Sources", "G", source="wiki") == 0


def see_the_queue_go(company):
    """Answers go on, and the bot stays ready for more; a sync that is asked for waits, and is done then."""
    company.servers.redis.stop()
    await_(lambda: value(company, "Queue") == 0, "Redis is told to be down")
    assert "three days a week" in str(company.ask("How many days a week can I work from home?"))
    assert ready(company, "bot")
    assert not ready(company, "worker")
    before = company.syncs("wiki")
    company.say("sync wiki", LUIS)
    await_(lambda: value(company, "Waiting", "B") == 1, "the sync is asked for")
    company.servers.redis.restart()
    await_(lambda: company.syncs("wiki") > before, "it is done")


def see_the_ledger_go(company):
    """Nobody is answered, and whoever asked in Slack is answered when it is back."""
    company.servers.postgres.stop()
    await_(lambda: value(company, "Ledger") == 0, "PostgreSQL is told to be down")
    assert not ready(company, "bot")
    question = "Who approves a trip abroad?"
    asked = company.say(question)
    company.servers.postgres.restart()
    assert "unavailable" not in str(company.reply(asked, question))
    await_(lambda: value(company, "Ledger") == 1, "it is told to be back")
