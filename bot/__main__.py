"""The `sabio` command: what each word does is in the module that it imports, and only when it is used."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from config.errors import ConfigError, SabioError, UnavailableError

if TYPE_CHECKING:
    from ingest.knowledge import KnowledgeBase

DONE, SOME_FAILED, CONFIGURATION, UNAVAILABLE, OUR_FAULT, INTERRUPTED = 0, 1, 2, 3, 70, 130
"""Exit codes. 70 is EX_SOFTWARE of sysexits.h, 130 what shells give for Ctrl-C."""

app = typer.Typer(
    name="sabio",
    help="Answers questions from your company's own knowledge, with quotes that were checked.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # importing rich would cost every `--help` 0.2 s
)


@dataclass
class Options:
    """What stands before the command's name, and whether a program reads the output."""

    config: Path | None = None
    data: Path | None = None
    json: bool = False


def _remember_json(context: typer.Context, value: bool) -> bool:
    context.ensure_object(Options).json = value
    return value


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"sabio {version('sabio')}")
        except PackageNotFoundError:
            typer.echo("sabio, not installed")
        raise typer.Exit


def _make_readable(text: str) -> str:
    """What was typed, with U+FFFD for bytes that are no text: nothing else can store or search them."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


Json = Annotated[
    bool,
    typer.Option("--json", callback=_remember_json, is_eager=True, help="Print JSON for programs."),
]
As = Annotated[
    str | None,
    typer.Option("--as", metavar="EMAIL", help="Whose permissions count. Not given: what everyone may read."),
]


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Configuration; else SABIO_CONFIG, ./sabio.yaml.")
    ] = None,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for everything stored.")] = None,
    version: Annotated[  # noqa: ARG001 — its callback ends the program
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Keep the common options for the command."""
    given = context.ensure_object(Options)
    given.config, given.data = config, data


def _open(context: typer.Context) -> KnowledgeBase:
    from config import telemetry
    from config.settings import load_settings
    from ingest.knowledge import KnowledgeBase

    given = context.ensure_object(Options)
    settings = load_settings(given.config, data=given.data)
    telemetry.start_logging(settings.log, settings.secrets)
    return KnowledgeBase(settings)


@app.command()
def sync(
    context: typer.Context,
    sources: Annotated[list[str] | None, typer.Argument(metavar="SOURCE", help="Not given: all.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Read every document again, changed or not.")] = False,
    confirm: Annotated[
        bool, typer.Option("--confirm-removals", help="Carry out removals that are held.")
    ] = False,
    json: Json = False,
) -> None:
    """Bring the sources' changes in."""
    from bot.platforms import terminal
    from bot.status import waiting
    from workers.local import sync_sources

    with _open(context) as kb:
        names = [source.name for source in kb.sources(sources)]
        with terminal.progress(quiet=json, due=lambda name: waiting(kb, name)) as observe:
            reports = sync_sources(kb, names, full=full, confirmed=confirm, observe=observe)
    terminal.print_runs(reports, json=json)
    raise typer.Exit(terminal.exit_code(reports))


@app.command()
def ask(
    context: typer.Context,
    question: Annotated[
        str,
        typer.Argument(
            metavar="QUESTION", callback=_make_readable, help="In any language; Spanish and English are best."
        ),
    ],
    as_: As = None,
    json: Json = False,
) -> None:
    """Answer a question, with quotes that were checked."""
    from bot.door import handle
    from bot.messages import Message, Outcome, Person
    from bot.platforms import terminal

    with _open(context) as kb:
        answer = handle(kb, Message(question, Person(as_)))
    terminal.print_answer(answer, json=json)
    raise typer.Exit(UNAVAILABLE if answer.outcome is Outcome.UNAVAILABLE else DONE)


@app.command()
def chat(context: typer.Context, as_: As = None) -> None:
    """Ask one question after another."""
    from bot.messages import Person
    from bot.platforms import terminal

    with _open(context) as kb:
        terminal.chat(kb, Person(as_))


@app.command()
def search(
    context: typer.Context,
    query: Annotated[
        str, typer.Argument(metavar="QUERY", callback=_make_readable, help="Words or a question.")
    ],
    as_: As = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many passages.")] = 10,
    json: Json = False,
) -> None:
    """List the passages that are nearest to a query."""
    from bot.platforms import terminal
    from bot.retrieval import retrieve
    from ingest.permissions import principals_of

    with _open(context) as kb:
        found = retrieve(kb, query, principals_of(as_, kb.settings.groups), limit=limit)
    terminal.print_hits(found, json=json)


@app.command()
def status(context: typer.Context, json: Json = False) -> None:
    """Tell what is published, what is due, and what failed."""
    from bot.platforms import terminal
    from bot.status import status_of

    with _open(context) as kb:
        terminal.print_status(status_of(kb), json=json)


@app.command()
def sources(context: typer.Context, json: Json = False) -> None:
    """List the configured sources."""
    from bot.platforms import terminal
    from bot.status import sources_of

    with _open(context) as kb:
        terminal.print_sources(sources_of(kb), json=json)


@app.command()
def check(
    context: typer.Context,
    sources: Annotated[list[str] | None, typer.Argument(metavar="SOURCE", help="Not given: all.")] = None,
    json: Json = False,
) -> None:
    """Tell what is wrong with the configuration, sources and machine."""
    from bot.check import run_checks
    from bot.platforms import terminal

    given = context.ensure_object(Options)
    findings = run_checks(given.config, given.data, sources or [])
    terminal.print_findings(findings, json=json)
    raise typer.Exit(terminal.findings_code(findings))


@app.command()
def rebuild(context: typer.Context, json: Json = False) -> None:
    """Make the search index anew from the ledger."""
    from bot.platforms import terminal
    from ingest.indexing import rebuild as rebuild_index

    with _open(context) as kb, terminal.progress(quiet=json) as observe:
        name, written = rebuild_index(kb, lambda title: observe("reindexed", title))
    terminal.print_rebuilt(name, written, json=json)


@app.command()
def why(
    context: typer.Context,
    subject: Annotated[
        str,
        typer.Argument(
            metavar="QUESTION-or-DOCUMENT", callback=_make_readable, help="Or an answer's reference."
        ),
    ],
    as_: As = None,
    json: Json = False,
) -> None:
    """Explain an answer, or where a document stands."""
    from bot.platforms import terminal
    from bot.why import explain

    with _open(context) as kb:
        terminal.print_explanation(explain(kb, subject, as_), json=json)


@app.command(name="eval")
def evaluate(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Lines of JSON, or a SQuAD file.")],
    as_: As = None,
    paragraphs: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="For a SQuAD file: answer from the paragraphs of this other one."),
    ] = None,
    save: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep figures and every answer.")] = None,
    json: Json = False,
) -> None:
    """Measure retrieval and answers on golden questions."""
    from bot.evaluation import evaluate_file
    from bot.platforms import terminal

    with _open(context) as kb, terminal.progress(quiet=json) as observe:
        figures = evaluate_file(kb, file, email=as_, paragraphs=paragraphs, save=save, observe=observe)
    terminal.print_figures(figures, json=json)


@app.command()
def serve(context: typer.Context) -> None:
    """Keep the sources current by their schedules, until Ctrl-C or SIGTERM."""
    import signal
    import threading

    from workers.loop import keep_current

    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    with _open(context) as kb:
        names = ", ".join(source.name for source in kb.sources()) or "no sources"
        typer.echo(f"Keeping current: {names}. No chat platform is configured.", err=True)
        keep_current(kb, stopped)


@app.command()
def demo(context: typer.Context) -> None:
    """Show the whole product on a sample company."""
    from bot.demo import run_demo

    given = context.ensure_object(Options)
    run_demo(given.data)


def main() -> None:
    """Run the command; errors become one message and an exit code, never a stack trace."""
    given = Options()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal of another encoding misses a letter, no answer
    try:
        app(obj=given)
    except ConfigError as error:
        code = _complain(given, error, error.problems, CONFIGURATION)
    except UnavailableError as error:
        code = _complain(given, error, [str(error)], UNAVAILABLE)
    except SabioError as error:
        code = _complain(given, error, [str(error)], SOME_FAILED)
    except SystemExit as done:
        if done.code != INTERRUPTED:
            raise
        code = _stopped()
    except KeyboardInterrupt:
        code = _stopped()
    except Exception as error:
        import logging

        logging.getLogger("bot").debug("unexpected", exc_info=True)
        problem = (
            f"Something went wrong inside Sabio ({type(error).__name__}: {error})."
            " Set SABIO_LOG__LEVEL=debug to see where."
        )
        code = _complain(given, error, [problem], OUR_FAULT)
    sys.exit(code)


def _complain(given: Options, error: Exception, problems: Sequence[str], code: int) -> int:
    """Tell what is wrong: to people on standard error, to programs on standard output as well."""
    from bot.platforms import terminal

    terminal.print_problems(type(error).__name__, problems, json=given.json)
    return code


def _stopped() -> int:
    typer.echo("Stopped. Whatever was done is kept; the same command goes on from there.", err=True)
    return INTERRUPTED


if __name__ == "__main__":
    main()
