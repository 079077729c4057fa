"""The picture of the dashboard in docs/images: `python -m tests.helm.picture` takes it anew.

It takes a quarter of an hour: a real company, its good and its bad days in a row, a real Prometheus. The page
that is photographed is our own drawing of dashboard.json (`drawing.py`): there is no Grafana here.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from PIL import Image

from tests.browser import browser
from tests.helm.chart import PRODUCTION, SOURCE, Chart, of_kind
from tests.helm.drawing import COLUMN, Answers, draw
from tests.helm.panels import PANELS
from tests.helm.watched import (
    Servers,
    Watched,
    bad_documents,
    bad_model,
    good_day,
    index_away,
    watched,
)
from tests.services import Postgres, Redis, Weaviate
from tests.services.helm import Helm, get_helm
from tests.services.prometheus import get_prometheus
from tests.slack.office import ANA, CAMILA, LUIS, NIAMH
from tests.waiting import await_

PICTURE = SOURCE.parent / "docs" / "images" / "dashboard.png"
QUESTIONS = SOURCE.parent / "tests" / "sample" / "questions.jsonl"
WINDOW, STEP = 780, 5
"""Seconds that the picture shows, and between two of its points."""
ARCHIVE = 1500
"""Pages that are new in the end, so that a run is under way."""


def main() -> None:
    """Take it."""
    get_prometheus()
    get_helm()
    with tempfile.TemporaryDirectory() as name, ExitStack() as ended:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL is another user
        redis, postgres, weaviate = (kind.start(folder / kind.name) for kind in (Redis, Postgres, Weaviate))
        for server in (redis, postgres, weaviate):
            ended.callback(server.drop)
        [rule] = of_kind(Chart.assemble(Helm.find_program(), folder).render(PRODUCTION), "PrometheusRule")
        servers = Servers(redis, postgres, weaviate)
        company = ended.enter_context(watched(folder / "company", servers, rule["spec"]["groups"]))
        _live(company)
        page = folder / "dashboard.html"
        page.write_text(draw(_answers(company)), encoding="utf-8")
        _photograph(page)


def _live(company: Watched) -> None:
    """A quarter of an hour of questions; meanwhile things go wrong, one after another."""
    _ask(company, 240)
    good_day(company)
    _ask(company, 120)
    bad_model(company)
    _ask(company, 90)
    bad_documents(company)
    _ask(company, 120)
    with index_away(company):
        _ask(company, 20)
    _ask(company, 120)
    for number in range(ARCHIVE):
        page = company.documents / "wiki" / "archive" / f"{number}.md"
        page.parent.mkdir(exist_ok=True)
        page.write_text(f"# Order {number}\n\nOrder {number} was delivered in week {number % 52 + 1}.\n")
    company.say("sync wiki", LUIS)
    await_(lambda: company.prometheus.ask("sabio_run_left < 0.8 * sabio_run_planned"), "it is well under way")


def _ask(company: Watched, seconds: float) -> None:
    """People ask for so long, now quickly and now slowly."""
    rng = random.Random(seconds)
    questions = [json.loads(line)["question"] for line in QUESTIONS.read_text("utf-8").splitlines()]
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        person = rng.choice((ANA, CAMILA, LUIS, NIAMH))
        reply = company.ask(rng.choice(questions), person)
        if rng.random() < 0.15 and "vote" in json.dumps(reply):
            company.vote(reply, up=rng.random() < 0.8, person=person)
        time.sleep(rng.uniform(0.5, 4))


def _answers(company: Watched) -> Answers:
    end = time.time()
    between = {"start": end - WINDOW, "end": end, "step": STEP}
    filled = {"__rate_interval": "30s", "__range": f"{WINDOW}s"}
    given = {
        (panel.title, target.ref): company.prometheus.ask(
            target.filled(**filled), **({} if target.instant else between)
        )
        for panel in PANELS
        for target in panel.targets
    }
    return Answers(end - WINDOW, end, given)


def _photograph(page: Path) -> None:
    with browser() as open_page:
        open_page(page.as_uri(), width=24 * COLUMN + 32, height=1000).screenshot(path=PICTURE, full_page=True)
    # Of 64 colours, as it has few: a quarter of the size.
    with Image.open(PICTURE) as taken:
        taken.convert("RGB").quantize(64).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
