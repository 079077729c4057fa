"""Whether what writes answers works: language models, each asked for one word, and what goes with them."""

from __future__ import annotations

import time
from contextlib import closing

from bot.findings import Findings
from bot.glossary import read_glossary
from bot.writer import Prompt, open_writer
from config.models import reranker
from config.settings import Settings

_PROBE = Prompt("You are a program's self-test.", ("Reply with the one word OK.",))


def check_writing(found: Findings, settings: Settings) -> None:
    """Ask each language model for the beginning of a reply; read the glossary; make the reranker."""
    if settings.llm == "none":
        found.ok("llm", "none: answers are quotations")
        for name, value in (("llm_fallback", settings.llm_fallback), ("verify", settings.verify)):
            if value not in ("none", "normal"):
                found.warn("llm", f"`{name}: {value}` does nothing without a language model", "set `llm`")
    else:
        _probe(found, "llm", settings)
    if settings.llm != "none" and settings.llm_fallback != "none":
        stands_in: dict[str, object] = {
            "llm": settings.llm_fallback,
            "llm_url": settings.llm_fallback_url,
            "llm_api_key": settings.llm_fallback_api_key,
            "llm_options": {},
        }
        _probe(found, "llm_fallback", settings.model_copy(update=stands_in))
    if settings.reranker != "none":
        with found.about("reranker"):
            reranker(settings.reranker, settings.reranker_options)
            found.ok("reranker", settings.reranker)
    if settings.glossary is not None:
        with found.about("glossary"):
            words = read_glossary(settings.glossary)
            found.ok("glossary", f"{len(words):,} words")


def _probe(found: Findings, subject: str, settings: Settings) -> None:
    with found.about(subject):
        writer = open_writer(settings.model_copy(update={"llm_fallback": "none"}))
        if writer is None:
            return
        with closing(writer):
            writer.warm()
            began = time.monotonic()
            next(iter(writer.write(_PROBE)))  # the first piece of it is enough, and costs a token
            took = time.monotonic() - began
        message = f"{settings.llm} began to reply after {took:.1f} s"
        if took > settings.llm_patience / 2:
            found.warn(
                subject,
                f"{message}, of the {settings.llm_patience:g} s that it may take",
                "choose a faster model, or raise `llm_patience`",
            )
        else:
            found.ok(subject, message)
