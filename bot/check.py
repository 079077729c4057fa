"""What is wrong with a configuration, its sources and this machine: all of it at once, with the repair."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bot.findings import Finding, Findings, Level
from bot.golden_check import check_holds, check_questions
from bot.source_check import check_sources
from bot.writer_check import check_writing
from config.errors import ConfigError, UnavailableError
from config.reading import read_file
from config.settings import SOURCE_KEYS, Settings, find_config, load_settings, warnings
from config.system import missing_programs
from ingest.connectors import connect
from ingest.knowledge import KnowledgeBase
from ingest.parsing import need_parsers, not_installed

if TYPE_CHECKING:
    from ingest.ledger import Ledger

LOW, NO_SPACE = 1_000_000_000, 100_000_000
"""Bytes free on the data folder's disk below which a warning, and an error, is due."""


def run_checks(config: Path | None, data: Path | None, sources: Sequence[str] = ()) -> list[Finding]:
    """Look at everything. `config` and `data` are what stood on the command line; `sources` none: all."""
    found = Findings()
    settings = None
    with found.about("configuration"):
        settings = load_settings(config, data=data)
        found.ok("configuration", f"read from {settings.file}")
    for message in warnings(os.environ, settings):
        found.warn("configuration", message)
    unread = not_installed()
    for program in missing_programs():
        if program.parses and unread:
            continue
        fix = f"make system, or on Debian: apt install {' '.join(program.packages)}"
        found.warn(program.name, f"not installed; off: {program.feature}", fix)
    if settings is None:
        _check_options(found, find_config(config))
        return found
    if unread:
        with found.about("parsers"):
            if settings.queue == "none":
                need_parsers()
            found.ok("parsers", "none here: workers read the documents")
    check_sources(found, settings, sources)
    if _check_data(found, settings.data):
        # Without its sources, which may be wrong: what follows must be looked at all the same.
        with KnowledgeBase(settings.model_copy(update={"sources": ()})) as kb:
            _check_models(found, kb)
            _check_ledger(found, kb, [source.name for source in settings.sources])
            check_questions(found, kb)
    _check_queue(found, settings)
    check_writing(found, settings)
    _check_chat(found, settings)
    _check_teams(found, settings)
    return found


def _check_chat(found: Findings, settings: Settings) -> None:
    missing = settings.slack.missing
    if not missing:
        from bot.platforms._slack.check import check_slack

        with KnowledgeBase(settings.model_copy(update={"sources": ()})) as kb:
            check_slack(found, settings.slack, lambda: _ledger_as_it_is(kb))
    elif len(missing) == 1:
        found.warn("slack", f"not connected: {missing[0]} is not set", "set it; see docs/slack.md")
    else:
        found.ok("slack", "not configured")


def _check_teams(found: Findings, settings: Settings) -> None:
    missing = settings.teams.missing
    if not missing:
        from bot.platforms._teams.check import check_teams

        check_teams(found, settings)
    elif settings.teams.wanted:
        named = " and ".join(missing)
        found.warn("teams", f"not connected: not set: {named}", "set it; see docs/teams.md")
    else:
        found.ok("teams", "not configured")


def _ledger_as_it_is(kb: KnowledgeBase) -> Ledger:
    """The ledger, without bringing it up to date; an empty one where none was made yet."""
    from ingest.ledger import Ledger

    made = kb.settings.ledger != "sqlite" or (kb.data / "ledger.db").exists()
    return Ledger(kb.ledger_address if made else "sqlite://", migrate=False)


def _check_options(found: Findings, file: Path) -> None:
    """Look at the options of sources in a file whose settings are wrong elsewhere."""
    try:
        listed = read_file(file, str(file)).values.get("sources")
    except ConfigError:
        return  # it was said already that there is no reading it
    for source in listed if isinstance(listed, list) else ():
        if isinstance(source, dict) and all(isinstance(source.get(key), str) for key in ("name", "type")):
            options = {key: value for key, value in source.items() if key not in SOURCE_KEYS}
            with found.about(f"source {source['name']}"):
                connect(source["type"], {"name": source["name"], **options}, file.parent)


def _check_data(found: Findings, folder: Path) -> bool:
    """Whether the data folder can be written to."""
    subject = "data folder"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".check-{os.getpid()}"
        probe.write_bytes(b"sabio")
        probe.unlink()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        problem = f"{folder} cannot be written to: {error.strerror}"
        fix = "set `data` to a folder that Sabio may write to, or make room"
        found.append(Finding(Level.ERROR, subject, problem, fix, "configuration"))
        return False
    said = f"{folder}, {free / 1e9:,.1f} GB free"
    if free < NO_SPACE:
        found.append(Finding(Level.ERROR, subject, said, "make room on its disk", "unavailable"))
    elif free < LOW:
        found.warn(subject, said, "make room on its disk")
    else:
        found.ok(subject, said)
    return True


def _check_models(found: Findings, kb: KnowledgeBase) -> None:
    from ingest.translation import open_translator

    with found.about("embedding"):
        embedder = kb.open_embedder(kb.settings.embedding)
        embedder.question("works")
        languages = ", ".join(sorted(embedder.languages)) if embedder.languages else "any language"
        found.ok("embedding", f"{embedder.name}: {embedder.dimension} dimensions, reads {languages}")
    with found.about("translation"):
        translator = open_translator(kb.settings.translation)
        works = translator.translate(["casa"], "es", "en") != [None] if translator.can("es", "en") else None
        translator.close()
        if works is False:
            raise UnavailableError(f"{translator.name} is installed but translated nothing")
        found.ok("translation", f"{translator.name}, Spanish and English" if works else translator.name)


def _check_ledger(found: Findings, kb: KnowledgeBase, sources: Sequence[str]) -> None:
    from ingest.ledger import HEAD, Ledger

    if kb.settings.ledger == "sqlite" and not (kb.data / "ledger.db").exists():
        found.ok("ledger", "not made yet: the first `sabio sync` does")
        return
    with found.about("ledger"):
        ledger = Ledger(kb.ledger_address, migrate=False)
        try:
            revision, version = ledger.revision(), ledger.version()
        finally:
            ledger.close()
        if revision is not None and revision > HEAD:
            raise ConfigError(
                f"{version}: it was made by a newer Sabio (migration {revision}); this one knows {HEAD}"
            )
        if revision is None:
            found.ok("ledger", f"{version}, empty: the first `sabio sync` makes its tables")
        elif revision == HEAD:
            found.ok("ledger", f"{version}, at migration {HEAD}")
            _check_index(found, kb, kb.ledger)
            check_holds(found, kb, sources)
        else:
            found.ok("ledger", f"{version}, at migration {revision}; will be brought to {HEAD}")


def _check_index(found: Findings, kb: KnowledgeBase, ledger: Ledger) -> None:
    from ingest.auditing import differences
    from ingest.ledger.indexed import count_published

    name = ledger.collection()
    if name is None:
        with found.about("index"):
            found.warnings("index", kb.engine.warnings(None))
            found.ok("index", "not made yet: the first `sabio sync` does")
        return
    with found.about("index"):
        collection = kb.collection()
        found.warnings("index", kb.engine.warnings(name))
        with ledger.read() as connection:
            published = count_published(connection)
        lost = differences(kb, collection).gaps
        if lost:
            message = f"{lost:,} of {published:,} published chunks are missing from it"
            found.warn("index", message, "sabio sync, or sabio rebuild")
        elif not kb.is_current(name):
            made_with = "another model or translator than the settings name"
            found.warn("index", f"it was made with {made_with}", "sabio sync, or sabio rebuild")
        else:
            found.ok("index", f"{name}: {published:,} chunks, as many as are published")


def _check_queue(found: Findings, settings: Settings) -> None:
    if settings.queue == "none":
        found.ok("queue", "none: `sabio serve` and `sabio work` do the work themselves")
        return
    from workers.app import create_app, queue_lengths

    with found.about("queue"):
        waiting = queue_lengths(create_app(settings))
        found.ok(
            "queue", ", ".join(f"{count:,} messages wait in `{name}`" for name, count in waiting.items())
        )
