"""What `sabio bench` prints: what was measured, and what more documents would take."""

from __future__ import annotations

from dataclasses import asdict

from rich.filesize import decimal
from rich.text import Text

from bot.bench import Load, Measured
from bot.capacity import FEW, Estimate
from bot.messages import Outcome
from bot.platforms._console import count, open_console, print_json, table, write, write_table


def print_measured(measured: Measured, estimate: Estimate, *, json: bool = False) -> None:
    """Print the measurement, and the estimate that rests on it with its arithmetic."""
    if json:
        print_json({**asdict(measured), "estimate": asdict(estimate)})
        return
    console, stored = open_console(), measured.stored
    there = f"{count(stored.documents, 'document')}, {count(stored.chunks, 'chunk')}"
    write(console, f"{there}, {count(measured.processors, 'processor')}.")
    console.print()
    parts = table("one question at a time", "p50 ms", "p95 ms", numbers=2)
    for name, times in measured.parts.items():
        parts.add_row(name, f"{times.p50_ms:,.1f}", f"{times.p95_ms:,.1f}")
    write_table(console, parts)
    console.print()
    loads = table("people who ask", "a second", "p50 ms", "p95 ms", "questions", "unavailable", numbers=5)
    for load in measured.questions:
        loads.add_row(*_load(load))
    write_table(console, loads)
    console.print()
    took = f"{measured.embedding_per_second:,.1f} chunks a second are embedded"
    write(console, f"{took}. This process took {_amount(measured.memory_bytes, 'bytes')} of memory at most.")
    console.print()
    write(console, Text(f"{count(estimate.documents, 'document')} like these", style="bold"))
    for line in estimate.lines:
        write(console, f"{line.what}: {_amount(line.value, line.unit)}", first="  ", rest="    ")
        write(console, Text(f"= {line.arithmetic}", style="dim"), first="    ", rest="      ")
    if estimate.rests_on < FEW:
        few = f"Only {count(estimate.rests_on, 'chunk')} could be measured; the figures of {FEW:,} say more."
        write(console, Text(few, style="yellow"))


def _load(load: Load) -> tuple[str, ...]:
    unavailable = load.outcomes.get(Outcome.UNAVAILABLE.value, 0)
    times = (f"{load.per_second:,.1f}", f"{load.p50_ms:,.1f}", f"{load.p95_ms:,.1f}")
    return (f"{load.people:,} at once", *times, f"{load.asked:,}", f"{unavailable:,}")


def _amount(value: float, unit: str) -> str:
    if unit == "bytes":
        return decimal(round(value))
    return f"{value:,.0f} {unit}" if unit == "chunks" else f"{value:,.1f} {unit}"
