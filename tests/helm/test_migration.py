"""The migration's command, with the environment that the chart gives it and no more, on a real PostgreSQL."""

import subprocess
import sys

from ingest.ledger import HEAD, Ledger
from tests.helm.chart import PRODUCTION, SOURCE, of_kind
from tests.helm.environment import environment


def test_the_hook_makes_the_ledger_before_anything_else_is_there(chart, postgres_url, tmp_path):
    [job] = of_kind(chart.render(PRODUCTION), "Job")
    template = job["spec"]["template"]
    said = environment(template)
    assert said.taken == {"SABIO_LEDGER": {"name": "sabio-db-app", "key": "uri"}}

    def migrate():
        return subprocess.run(
            [sys.executable, "-m", "bot", *template["spec"]["containers"][0]["args"]],
            cwd=tmp_path,
            env={**said.variables, "SABIO_LEDGER": postgres_url, "PYTHONPATH": str(SOURCE.parent)},
            capture_output=True,
            text=True,
            check=False,
        )

    first, second = migrate(), migrate()
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == f"The ledger's tables were made: migration {HEAD}.\n"
    assert second.stdout == f"The ledger is up to date: migration {HEAD}.\n"
    ledger = Ledger(postgres_url, migrate=False)
    assert ledger.revision() == HEAD
    ledger.close()
    assert list(tmp_path.iterdir()) == []
