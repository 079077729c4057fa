"""The `sabio` command: runs one of the words in `cli`, and turns errors into a sentence and an exit code."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

import typer

from bot.cli import Options, app
from bot.exits import CONFIGURATION, INTERRUPTED, OUR_FAULT, SOME_FAILED, UNAVAILABLE
from config.errors import ConfigError, SabioError, UnavailableError


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
