"""What every test starts from: no settings of the machine that it runs on, and reproducible examples."""

import logging
import os

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = [
    *("tests.services.fixtures", "tests.models.fixtures", "tests.image.fixtures"),
    *("tests.ledgers", "tests.browser"),
]

# The same examples on every machine, so that a red test is red for everybody; no test is timed.
settings.register_profile(
    "sabio", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("sabio")


@pytest.fixture(autouse=True)
def _no_settings_from_this_machine(monkeypatch):
    for variable in [name for name in os.environ if name.startswith(("SABIO_", "SLACK_", "TEAMS_"))]:
        monkeypatch.delenv(variable)


@pytest.fixture
def restored_logging():
    """Puts the logging of the process back as it was."""
    root = logging.getLogger()
    handlers, level, raising = root.handlers[:], root.level, logging.raiseExceptions
    levels = {name: logger.level for name, logger in _loggers().items()}
    yield
    root.handlers[:], logging.raiseExceptions = handlers, raising
    root.setLevel(level)
    for name, logger in _loggers().items():
        logger.setLevel(levels.get(name, logging.NOTSET))


def _loggers():
    known = logging.root.manager.loggerDict.items()
    return {name: logger for name, logger in known if isinstance(logger, logging.Logger)}


@pytest.fixture(scope="session")
def model_cache(tmp_path_factory):
    """A folder for models, new in every run and the same for all its workers; whoever comes first builds."""
    own = tmp_path_factory.getbasetemp()
    return (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "sabio-models"


@pytest.fixture
def data(tmp_path, model_cache):
    """An empty data folder, but for the embedding model, which takes seconds to make."""
    data = tmp_path / "var"
    data.mkdir()
    model_cache.mkdir(exist_ok=True)
    (data / "models").symlink_to(model_cache)
    return data
