"""The program that a parsing child runs: it gives up what it can, then reads until its pipe ends."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from config.errors import DocumentError
from ingest.documents import Content
from ingest.parsing.confinement import confine, grant_seconds
from ingest.parsing.reading import read
from ingest.parsing.wire import Answer, Settings, receive_content, send_answer


def main() -> None:
    """Serve the parent that started this process, until it closes the pipe or dies."""
    settings = Settings.from_json(sys.argv[1])
    # Libraries print; what they print must not end up between the frames of our answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    confine(settings.limits, scratch=Path.cwd(), parent=settings.parent)
    send_answer(answers, Answer())
    while (content := receive_content(sys.stdin.buffer)) is not None:
        grant_seconds(settings.limits.seconds)
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            answer = _answer(content, settings)
            os.chdir("..")
        send_answer(answers, answer)


def _answer(content: Content, settings: Settings) -> Answer:
    try:
        return Answer(document=read(content, settings.languages, settings.limits.max_mb * 5))
    except DocumentError as error:
        return Answer(reason=str(error))
    except MemoryError:
        return Answer(
            reason=f"reading it takes more than {settings.limits.memory_mb} MB of memory; "
            "raise `parsing.memory_mb` to allow more",
            last=True,
        )


if __name__ == "__main__":
    main()
