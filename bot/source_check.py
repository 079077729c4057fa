"""What a source would bring in, and what is in its way, without reading any of its documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice

from bot.findings import Findings
from config.errors import ConfigError
from config.sections import SourceSettings
from config.settings import Settings
from ingest.connectors import Connector, connect
from ingest.documents import Entry
from ingest.ledger import now
from ingest.listing import list_whole

PROBE = 10_000
"""Documents that are listed of a source to see whether it can be; of one that says who may read, all."""
_PARTS = 10
"""Parts of a source that are counted one by one."""


def check_sources(found: Findings, settings: Settings, names: Sequence[str]) -> None:
    """Try the sources of these names, or all."""
    configured = {source.name: source for source in settings.sources}
    if not configured:
        found.warn(
            "sources", "none are configured, so there is nothing to answer from", "add one: `sources:`"
        )
    for name in names or configured:
        with found.about(f"source {name}"):
            if name not in configured:
                known = ", ".join(configured) or "none"
                raise ConfigError(f"`{name}` is not a source; configured are: {known}")
            source = configured[name]
            options = {"name": name, "readers": source.readers, **source.options}
            connector = connect(source.type, options, settings.folder, settings.data / "sources" / name)
            _probe(found, settings, source, connector)


def _probe(found: Findings, settings: Settings, source: SourceSettings, connector: Connector) -> None:
    subject = f"source {source.name}"
    entries, more = _listed(settings, connector)
    unread = sum(not entry.readers for entry in entries)
    if entries:
        parts = Counter(connector.part_of(entry) for entry in entries)
        told = f"{len(entries):,}{' or more' if more else ''} documents are listed{_by_part(parts)}"
        found.ok(subject, f"{source.type}: {told}")
    else:
        options = ", ".join(f"`{option}`" for option in source.options)
        found.warn(subject, "it can be read, but no documents are listed there", f"look at {options}")
    if unread or not (entries or source.readers or connector.knows_readers):
        whose = "its documents" if unread == len(entries) else f"{unread:,} of its documents"
        found.warn(
            subject,
            f"nobody can read {whose}: no readers are known",
            "set `readers`, as in `readers: [everyone]`",
        )
    found.warnings(subject, list(connector.preflight()))


def _listed(settings: Settings, connector: Connector) -> tuple[Sequence[Entry], bool]:
    """What is listed, and whether there may be more."""
    if connector.knows_readers:
        return list_whole(connector, settings.groups, now()).entries, False
    listed = [one for one in islice(connector.scan(), PROBE) if isinstance(one, Entry)]
    return listed, len(listed) == PROBE


def _by_part(parts: Counter[str | None]) -> str:
    """How many there are in which part of a source, for a sentence; nothing where it has one part."""
    if len(parts) < 2:
        return ""
    most = parts.most_common(_PARTS)
    told = [f"{count:,} {f'in {part}' if part else 'at the top'}" for part, count in most]
    if rest := parts.total() - sum(count for _, count in most):
        told.append(f"{rest:,} elsewhere")
    return f": {', '.join(told)}"
