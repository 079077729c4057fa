"""The words of the `sabio` command; what each does is in the module that it imports when it is used."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.exits import DONE, SOME_FAILED, UNAVAILABLE

if TYPE_CHECKING:
    from config.settings import Settings
    from ingest.knowledge import KnowledgeBase

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


class Platform(StrEnum):
    """A chat platform that has a manifest."""

    SLACK = "slack"
    TEAMS = "teams"


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


def _read_settings(context: typer.Context) -> Settings:
    from config import telemetry, tracing
    from config.settings import load_settings

    given = context.ensure_object(Options)
    settings = load_settings(given.config, data=given.data)
    telemetry.start_logging(settings.log, settings.secrets)
    tracing.start_tracing(settings.telemetry, "sabio", settings.secrets)
    context.call_on_close(tracing.stop_tracing)
    return settings


def _open(context: typer.Context) -> KnowledgeBase:
    from ingest.knowledge import KnowledgeBase

    return KnowledgeBase(_read_settings(context))


@app.command()
def sync(  # noqa: PLR0913, PLR0917 — one for each word of the command line
    context: typer.Context,
    sources: Annotated[list[str] | None, typer.Argument(metavar="SOURCE", help="Not given: all.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Read every document again, changed or not.")] = False,
    confirm: Annotated[
        bool, typer.Option("--confirm-removals", help="Carry out removals that are held.")
    ] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Accept what golden questions lost, and let new text in again.")
    ] = False,
    background: Annotated[
        bool, typer.Option("--background", help="Hand the work over to workers, and return.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Follow what workers do; ask them for it if they do not.")
    ] = False,
    json: Json = False,
) -> None:
    """Bring the sources' changes in."""
    from bot.platforms import terminal

    with _open(context) as kb:
        names = [source.name for source in kb.sources(sources)]
        if accept:
            from bot.evaluation.accepting import accept_syncs

            accept_syncs(kb, names)
        if background or (watch and (full or confirm)):
            from bot.watching import hand_over

            handed = hand_over(kb, names, full=full, confirmed=confirm)
            if not watch:
                terminal.print_handed(handed, json=json)
                return
        if watch:
            from bot.watching import watch as follow

            with terminal.run_progress(quiet=json) as show:
                reports = follow(kb, names, show)
        else:
            from bot.status import waiting
            from workers.local import sync_sources

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

    with _open(context) as kb, terminal.stream(quiet=json) as show:
        answer = handle(kb, Message(question, Person(as_)), show)
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

    with _open(context) as kb:
        found = retrieve(kb, query, kb.principals(as_), limit=limit)
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
def rebuild(
    context: typer.Context,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Go back to the index that was replaced last.")
    ] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Use the new index that golden questions held.")
    ] = False,
    discard: Annotated[
        bool, typer.Option("--discard", help="Remove the new index that golden questions held.")
    ] = False,
    json: Json = False,
) -> None:
    """Make the search index anew from the ledger."""
    from bot.platforms import terminal
    from ingest import rebuilding
    from workers.examining import examiner

    _at_most_one(rollback=rollback, accept=accept, discard=discard)
    decided = "accepted" if accept else "discarded" if discard else None
    with _open(context) as kb, terminal.progress(quiet=json) as observe:

        def reindexed(title: str) -> None:
            observe("reindexed", title)

        if accept:
            from bot.evaluation.accepting import accept_rebuild

            name, written = accept_rebuild(kb)
        elif discard:
            name, written = rebuilding.discard(kb), 0
        elif rollback:
            name, written = rebuilding.rollback(kb)
        else:
            name, written = rebuilding.rebuild(kb, reindexed, examiner(kb))
    terminal.print_rebuilt(name, written, rolled_back=rollback, decided=decided, json=json)


def _at_most_one(**flags: bool) -> None:
    """Refuse flags that say different things."""
    given = [f"--{name}" for name, is_set in flags.items() if is_set]
    if len(given) > 1:
        raise typer.BadParameter(f"{given[0]} and {given[1]} exclude each other")


@app.command()
def migrate(context: typer.Context, json: Json = False) -> None:
    """Make the ledger's tables, or bring them up to date."""
    from bot.platforms import terminal
    from ingest.knowledge import migrate_ledger

    before, after = migrate_ledger(_read_settings(context))
    terminal.print_migrated(before, after, json=json)


@app.command()
def restored(context: typer.Context, json: Json = False) -> None:
    """Say that the ledger was restored from a backup: what was deleted since must stay deleted."""
    from bot.platforms import terminal
    from ingest.ledger import restoring

    with _open(context) as kb:
        with kb.ledger.write() as ledger:
            restoring.mark_restored(ledger)
        names = [source.name for source in kb.sources()]
    terminal.print_restored(names, json=json)


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
def evaluate(  # noqa: PLR0913, PLR0917 — one for each word of the command line
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", help="Lines of JSON, or a SQuAD file. Not given: `evaluation.questions`."
        ),
    ] = None,
    as_: As = None,
    paragraphs: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="For a SQuAD file: answer from the paragraphs of this other one."),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where runs are kept. Not given: `eval/runs` in the data folder."),
    ] = None,
    gate: Annotated[
        bool, typer.Option("--gate", help="End with 1 where a figure is worse than in the last run.")
    ] = False,
    tolerance: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE", min=0, max=1, help="How much worse. Not given: 0.01, or one question if more."
        ),
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Ask nothing: let the last run count although it was worse.")
    ] = False,
    collection: Annotated[
        str | None, typer.Option(metavar="NAME", help="Ask this index, before it is in use.")
    ] = None,
    json: Json = False,
) -> None:
    """Measure retrieval and answers on golden questions."""
    from bot import evaluation
    from bot.platforms import terminal
    from config.errors import ConfigError
    from workers.examining import questions_of

    with _open(context) as kb, terminal.progress(quiet=json) as observe:
        file = file or questions_of(kb.settings)
        if file is None:
            raise ConfigError("which questions? Name a file, or set `evaluation.questions`")
        if accept:
            figures = evaluation.accept_file(kb, file, email=as_, paragraphs=paragraphs, save=save)
        else:
            if collection is not None:
                evaluation.answer_from(kb, collection, file, save=save, observe=observe)
            figures = evaluation.evaluate_file(
                kb,
                file,
                email=as_,
                paragraphs=paragraphs,
                save=save,
                tolerance=tolerance,
                observe=observe,
            )
    terminal.print_figures(figures, json=json)
    raise typer.Exit(SOME_FAILED if gate and not (accept or figures["gate"]["passed"]) else DONE)


@app.command()
def bench(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="Golden questions. Not given: `evaluation.questions`, else the titles of documents.",
        ),
    ] = None,
    as_: As = None,
    people: Annotated[
        list[int] | None,
        typer.Option(
            min=1, max=256, metavar="N", help="How many ask at once; may be repeated. Not given: 1, 4, 16."
        ),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=600, metavar="S", help="How long so many people ask.")
    ] = 5.0,
    documents: Annotated[
        int, typer.Option(min=1, metavar="N", help="Work out what so many documents would take.")
    ] = 1_000_000,
    json: Json = False,
) -> None:
    """Measure how fast this machine answers, and work out what more documents would take."""
    from bot.bench import measure
    from bot.capacity import estimate
    from bot.platforms import terminal

    with _open(context) as kb, terminal.progress(quiet=json) as observe:
        measured = measure(kb, file, email=as_, people=people or (1, 4, 16), seconds=seconds, observe=observe)
    terminal.print_measured(measured, estimate(measured, documents), json=json)


@app.command()
def feedback(
    context: typer.Context,
    close: Annotated[
        str | None,
        typer.Option("--close", metavar="REFERENCE", help="Say that those about this answer were seen to."),
    ] = None,
    json: Json = False,
) -> None:
    """List what people have against answers, newest first."""
    from getpass import getuser

    from bot.feedback import close as close_complaints
    from bot.feedback import queue
    from bot.platforms import terminal

    with _open(context) as kb:
        if close is not None:
            terminal.print_closed(close, close_complaints(kb, close, getuser()), json=json)
        else:
            terminal.print_complaints(queue(kb), json=json)


Port = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=0, max=65535, help="Where it listens; 0: anywhere. Else see `server.port`."
    ),
]


@app.command()
def serve(context: typer.Context, port: Port = None) -> None:
    """Run the web app; without Redis, keep the sources current too."""
    from bot import running

    with _open(context) as kb:
        running.serve(kb, _say, port)


@app.command()
def manifest(
    context: typer.Context,
    platform: Annotated[Platform, typer.Argument(help="The chat platform.")],
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="slack: where Slack reaches Sabio, for `slack.mode: http`; else Socket Mode. teams: a page"
            " about your Sabio, which its app links to.",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="teams: where the app package is written to.")
    ] = Path("sabio-teams.zip"),
    follow_ups: Annotated[
        bool,
        typer.Option("--follow-ups", help="teams: hear all that is said: asking on needs no mention then."),
    ] = False,
    app_version: Annotated[
        str, typer.Option(metavar="N.N.N", help="teams: raise it to replace an app that was uploaded.")
    ] = "1.0.0",
    json: Json = False,
) -> None:
    """Make what the app of a chat platform is made from."""
    if platform is Platform.SLACK:
        from bot.platforms._slack import manifest as of_slack

        typer.echo(of_slack.as_text(url, json_=json))
        return
    from bot.platforms._teams import manifest as of_teams

    with _open(context) as kb:
        of_teams.write(kb.settings.teams, out, url, follow_ups=follow_ups, version=app_version)
    _say(f"Written: {out}. Upload it in Teams: docs/teams.md says where.")


@app.command()
def work(
    context: typer.Context,
    concurrency: Annotated[
        int, typer.Option(min=1, max=64, help="Batches at once, each in a process of its own.")
    ] = 2,
    queues: Annotated[
        list[str] | None,
        typer.Option("--queue", metavar="NAME", help="Take messages from this queue alone; may be repeated."),
    ] = None,
    port: Port = None,
) -> None:
    """Run a worker: do what is due, until Ctrl-C or SIGTERM."""
    from bot import running

    with _open(context) as kb:
        raise typer.Exit(
            running.work(kb, _say, port=port, concurrency=concurrency, queues=tuple(queues or ()))
        )


@app.command()
def beat(context: typer.Context, port: Port = None) -> None:
    """Run the schedule for workers with Redis, until Ctrl-C or SIGTERM."""
    from bot import running

    with _open(context) as kb:
        running.beat(kb, _say, port)


def _say(line: str) -> None:
    typer.echo(line, err=True)


@app.command()
def demo(context: typer.Context) -> None:
    """Show the whole product on a sample company."""
    from bot.demo import run_demo

    given = context.ensure_object(Options)
    run_demo(given.data)
