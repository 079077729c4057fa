"""The chart, assembled once, and what it renders for each set of values."""

import pytest

from tests.helm.beforehand import BEFOREHAND
from tests.helm.chart import SETS, Chart
from tests.helm.plane import Plane, eventually
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


@pytest.fixture(scope="session")
def plane(kubernetes):
    """A cluster in which the chart can be installed."""
    return Plane.prepare(kubernetes, here(Helm.find_program))


@pytest.fixture(scope="session", params=sorted(BEFOREHAND))
def installed(request, plane, chart):
    """The release of one of helm/ci's sets that its tests share: each leaves it running."""
    installed = plane.open(request.param, chart, SETS[request.param], BEFOREHAND[request.param])
    installed.run("install")
    scalers = "autoscaling/v2/horizontalpodautoscalers"
    eventually(lambda: all(one["status"].get("desiredReplicas") for one in installed.list(scalers)))
    installed.run("upgrade")  # waits for as many as the autoscaler wants
    return installed
