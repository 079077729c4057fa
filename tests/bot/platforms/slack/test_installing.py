"""Several workspaces of one company install the app, and each is answered with its own token."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.client import HTTPConnection
from urllib.parse import parse_qs, urlsplit

import pytest
from slack_sdk.oauth.installation_store import Installation
from sqlalchemy import MetaData, Table, inspect, text

from bot.platforms import _deliveries
from bot.platforms._slack.installations import ForbiddenInstallationError, Installations
from config.chat import SlackOAuthSettings
from ingest.knowledge import KnowledgeBase
from ingest.ledger import Ledger
from ingest.ledger.tables import events
from tests.bot.platforms.slack.conftest import HOLIDAY, connected, eventually, rows, settled, shown
from tests.slack import CLIENT_ID, CLIENT_SECRET
from tests.slack.blocks import is_whole

pytestmark = [
    pytest.mark.usefixtures("loopback"),
    # slack_sdk sends the client's secret by what aiohttp will have no more in version 4.
    pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning"),
]

OAUTH = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "teams": ["T1", "T2"]}


class Browser:
    """Somebody's browser: it keeps its cookie, and goes nowhere by itself."""

    def __init__(self, language="en-US,en;q=0.9"):
        self.language, self.cookie = language, ""

    def get(self, url):
        """The status, where it leads to or what it shows, and the headers."""
        at = urlsplit(url)
        connection = HTTPConnection(at.hostname, at.port, timeout=20)
        connection.request(
            "GET", f"{at.path}?{at.query}", headers={"Accept-Language": self.language, "Cookie": self.cookie}
        )
        answer = connection.getresponse()
        said = answer.read().decode()
        connection.close()
        if given := answer.headers["Set-Cookie"]:
            self.cookie = given.partition(";")[0]
        return answer.status, answer.headers["Location"] or said, answer.headers

    def begin(self, port, team=""):
        """Where Slack lets somebody agree."""
        status, address, _ = self.get(f"http://127.0.0.1:{port}/slack/install?team={team}")
        assert status == 302
        return address

    def agree(self, port, team):
        """Where Slack sends somebody back to who has agreed, for a workspace that they chose there."""
        address = self.begin(port)
        return self.get(f"{address}&team={team}")[1]

    def install(self, port, team):
        """What somebody sees in the end."""
        return self.get(self.agree(port, team))[:2]


@pytest.fixture(autouse=True)
def second_workspace(request):
    slack = request.getfixturevalue("slack" if "slack" in request.fixturenames else "socket_slack")
    slack.add_workspace("T2", "xoxb-of-the-second", "Beta")
    slack.add_channel("C1", "general", members=["UANA", "ULUIS"])
    slack.add_channel("C2", "general", members=["UEVA"], team="T2")
    slack.add_person("UEVA", "eva@acme.com", team_id="T2")
    return slack


@contextmanager
def several(kb, slack, **oauth):
    """Sabio, for an app that several workspaces install."""
    with connected(kb, slack, bot_token=None, oauth=OAUTH | oauth) as port:
        slack.redirect_url = f"http://127.0.0.1:{port}/slack/oauth_redirect"
        yield port


def ask(slack, user, channel):
    """A question where the app may be installed: what it is answered."""
    bot = slack.team_of(slack.channel(channel)).bot
    asked, _ = slack.say(user, f"<@{bot}> {HOLIDAY}", channel)
    return shown(slack.await_reply(asked, channel, until=is_whole))


def is_left_alone(kb, slack, user, channel):
    """Ask where nobody answers: whether Slack is told that it arrived, and nothing is kept to be answered."""
    before = len(rows(kb, events))
    bot = slack.team_of(slack.channel(channel)).bot
    _, delivery = slack.say(user, f"<@{bot}> {HOLIDAY}", channel)
    return delivery.acknowledged.wait(5) and len(rows(kb, events)) == before


def kept(kb):
    """The tokens that are kept, by workspace."""
    return {row.team_id: row.bot_token for row in rows(kb, table(kb, "slack_bots"))}


def table(kb, name):
    with kb.ledger.read() as connection:
        return Table(name, MetaData(), autoload_with=connection)


def test_each_workspace_is_answered_with_its_own_token_once_it_has_installed_the_app(own_kb, slack):
    with several(own_kb, slack) as port:
        assert is_left_alone(own_kb, slack, "UANA", "C1")
        status, page = Browser().install(port, "T1")
        assert (status, "Sabio is installed in Acme." in page) == (200, True)
        assert "https://app.slack.com/client/T1" in page
        assert "24 days" in ask(slack, "UANA", "C1")
        assert is_left_alone(own_kb, slack, "UEVA", "C2")
        assert "Sabio está instalado en Beta." in Browser("es-ES,es;q=0.9").install(port, "T2")[1]
        assert "24 days" in ask(slack, "UEVA", "C2")
        slack.command("UEVA", HOLIDAY, "C2")
        assert "24 days" in shown(slack.await_private("UEVA", until=is_whole))
    assert kept(own_kb) == {"T1": "xoxb-of-the-tests", "T2": "xoxb-of-the-second"}


def test_slack_is_asked_for_the_scopes_of_the_manifest_and_for_a_workspace_only_if_it_may(
    own_kb, socket_slack
):
    with several(own_kb, socket_slack) as port:
        for team, given in (("T2", ["T2"]), ("T9", None), ("T2%0d%0aX-Evil:%20yes", None)):
            address = Browser().begin(port, team)
            asked = parse_qs(urlsplit(address).query)
            assert asked.get("team") == given
        assert address.startswith(socket_slack.authorize_url + "?")
    assert set(asked["scope"][0].split(",")) == set(socket_slack.scopes)
    assert asked["client_id"] == [CLIENT_ID]
    assert CLIENT_SECRET not in address


def test_another_companys_workspace_is_refused_with_a_page_that_says_why(own_kb, slack):
    slack.add_workspace("T9", "xoxb-of-the-ninth", "Evil <Corp>")
    slack.add_channel("C9", "general", team="T9")
    slack.add_person("UMAL", "ana@acme.com", team_id="T9")
    with several(own_kb, slack) as port:
        status, page = Browser().install(port, "T9")
        assert status == 403
        assert "The workspace Evil &lt;Corp&gt; (T9) is not among those that may install it." in page
        assert "slack.oauth.teams" in page
        assert is_left_alone(own_kb, slack, "UMAL", "C9")
        assert kept(own_kb) == {}


def test_what_somebody_did_not_begin_themselves_just_now_is_refused(own_kb, socket_slack):
    with several(own_kb, socket_slack) as port:
        stale = "was not begun here, was finished already, or has taken longer than 10 minutes"
        browser = Browser()
        back = browser.agree(port, "T1")
        status, page, _ = Browser().get(back)  # as from an address that somebody was made to open
        assert (status, stale in page) == (400, True)
        assert browser.get(back)[0] == 200
        browser.cookie = f"slack-app-oauth-state={parse_qs(urlsplit(back).query)['state'][0]}"
        status, page, _ = browser.get(back)  # once more
        assert (status, stale in page) == (401, True)
        late = browser.agree(port, "T2")
        states = table(own_kb, "slack_oauth_states")
        with own_kb.ledger.write() as ledger:
            ledger.execute(states.update().values(expire_at=datetime(2026, 1, 1)))  # noqa: DTZ001
        assert browser.get(late)[0] == 401
        assert kept(own_kb).keys() == {"T1"}


def test_whoever_cancels_or_is_refused_by_slack_is_told_and_can_try_again(own_kb, socket_slack):
    with several(own_kb, socket_slack) as port:
        back = f"http://127.0.0.1:{port}/slack/oauth_redirect"
        _, page, headers = Browser("es").get(f"{back}?error=access_denied")
        assert "No lo has permitido" in page
        assert 'href="/slack/install"' in page
        assert "Max-Age" in headers["Set-Cookie"] or "1970" in headers["Set-Cookie"]
        assert "<script>" not in Browser().get(f"{back}?error=%3Cscript%3E")[1]
        socket_slack.answer_next("oauth.v2.access", "bad_client_secret")
        assert "Slack did not confirm it (invalid_code)" in Browser().install(port, "T1")[1]
        socket_slack.answer_next("auth.test", status=503, times=9)
        status, page = Browser().install(port, "T1")
    assert status >= 400
    assert "Sabio was not installed." in page
    assert kept(own_kb) == {}


def test_a_workspace_that_removes_the_app_is_forgotten_and_can_install_it_again(own_kb, slack):
    with several(own_kb, slack) as port:
        Browser().install(port, "T1")
        Browser().install(port, "T2")
        ask(slack, "UEVA", "C2")
        users = {"type": "tokens_revoked", "tokens": {"oauth": ["UEVA"]}, "event_ts": slack.moment()}
        assert slack.deliver({**users, "channel": "C2"}).acknowledged.wait(5)
        assert "T2" in kept(own_kb)
        for delivery in slack.remove_app("T2"):
            assert delivery.acknowledged.wait(5)
        assert kept(own_kb) == {"T1": "xoxb-of-the-tests"}
        assert is_left_alone(own_kb, slack, "UEVA", "C2")
        assert "24 days" in ask(slack, "UANA", "C1")
        Browser().install(port, "T2")
        assert "24 days" in ask(slack, "UEVA", "C2")
    assert kept(own_kb)["T2"] == "xoxb-of-the-second-again"


def test_a_token_that_is_refused_in_the_middle_ends_what_nobody_can_answer(own_kb, socket_slack, monkeypatch):
    """As where Slack's word of it was lost: nothing is tried for ever."""
    monkeypatch.setattr(_deliveries, "_RETRY", (0.1,))
    monkeypatch.setattr(_deliveries, "LOOK", 0.1)
    slack = socket_slack
    with several(own_kb, slack) as port:
        Browser().install(port, "T2")
        ask(slack, "UEVA", "C2")
        slack.teams["T2"].removed = True
        _, delivery = slack.say("UEVA", f"<@UBOT2> {HOLIDAY}", "C2")
        assert delivery.acknowledged.wait(15)
        settled(own_kb)
        eventually(lambda: kept(own_kb) == {})
        assert len(slack.posted("C2")) == 1


def test_after_a_restart_and_in_every_process_the_installations_are_known(own_kb, socket_slack):
    slack = socket_slack
    with KnowledgeBase(own_kb.settings) as second, several(own_kb, slack) as port, several(second, slack):
        slack.await_connections(2)
        slack.redirect_url = f"http://127.0.0.1:{port}/slack/oauth_redirect"
        Browser().install(port, "T1")
        said = [slack.say("UANA", f"<@UBOT> {HOLIDAY}")[0] for _ in range(4)]
        for asked in said:
            slack.await_reply(asked, until=is_whole)
    with several(own_kb, slack):
        assert "24 days" in ask(slack, "UANA", "C1")
    assert len(rows(own_kb, events)) == 5


def test_every_workspace_of_an_organisation_that_is_named_may_install_it(own_kb, socket_slack):
    slack = socket_slack
    for team in slack.teams.values():
        team.organisation = "E1"
    with several(own_kb, slack, teams=["T1", "E1"]) as port:
        Browser().install(port, "T1")
        assert Browser().install(port, "T2")[0] == 200
        assert "24 days" in ask(slack, "UANA", "C1")
        assert "24 days" in ask(slack, "UEVA", "C2")
    with several(own_kb, slack, teams=["T1"]):  # the settings have changed
        assert "24 days" in ask(slack, "UANA", "C1")
        assert is_left_alone(own_kb, slack, "UEVA", "C2")


# In either database


@pytest.fixture
def opened(ledger_url):
    ledger = Ledger(ledger_url)
    yield ledger
    ledger.close()


def installation(team="T2", **more):
    given = {"app_id": "A1", "team_id": team, "team_name": "Beta", "bot_token": "xoxb-2", "user_id": "U1"}
    return Installation(**(given | more))


def store_in(ledger, *teams):
    return Installations(lambda: ledger, SlackOAuthSettings(client_id="1", client_secret="2", teams=teams))


def test_the_tables_are_made_once_however_many_begin_at_once(opened):
    stores = [store_in(opened, "T2") for _ in range(4)]
    assert stores[0].bots() == {"T2": None}
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(Installations.prepare, stores))
    with opened.read() as connection:
        there = {name for name in inspect(connection).get_table_names() if name.startswith("slack_")}
    assert there == {"slack_bots", "slack_oauth_states"}


def test_the_latest_token_of_a_workspace_counts_and_the_others_are_gone(opened):
    store = store_in(opened, "T2")
    store.prepare()
    for token in ("xoxb-old", "xoxb-new"):
        asyncio.run(store.async_save(installation(bot_token=token, enterprise_id="E1")))
    assert store.bot("T2").bot_token == "xoxb-new"
    with opened.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM slack_bots")) == 1
    store.forget("T2")
    assert store.bots() == {"T2": None}


def test_an_organisation_as_a_whole_installs_nothing(opened):
    store = store_in(opened, "E1")
    store.prepare()
    with pytest.raises(ForbiddenInstallationError, match="an organisation"):
        asyncio.run(store.async_save(installation(None, enterprise_id="E1", is_enterprise_install=True)))


def test_what_begins_an_installation_is_good_once_and_for_ten_minutes(opened):
    store = store_in(opened, "T2")
    store.prepare()
    states = store._states
    first, second = states.issue(), states.issue()
    assert [states.consume(state) for state in (first, first, "another")] == [True, False, False]
    with opened.write() as connection:
        passed = datetime.now() - timedelta(days=1)  # noqa: DTZ005
        connection.execute(states.oauth_states.update().values(expire_at=passed))
    assert not states.consume(second)
    assert re.fullmatch("[0-9a-f-]{36}", second)
