"""The chart, assembled once, and what it renders for each set of values."""

import pytest

from tests.helm.chart import SETS, Chart
from tests.services.fixtures import here
from tests.services.helm import Helm


@pytest.fixture(scope="session")
def chart(tmp_path_factory):
    """The chart with stand-ins of its subcharts."""
    return Chart.assemble(here(Helm.find_program), tmp_path_factory.mktemp("chart"))


@pytest.fixture(params=SETS)
def objects(request, chart):
    """What the chart makes of one set of values."""
    return chart.render(SETS[request.param])
