"""A language model that writes sentence by sentence, each when a test says so."""

import threading

from bot.writer import Writer, _Model
from config.patience import bounded_client
from tests.models.in_process import ScriptedLLM
from tests.models.reading import passages_of, question_of
from tests.models.scripted import Extractive

DOGS = "When may dogs come to the office, and where is the dog on a lead?"
WEDNESDAYS = "Dogs may come to the office on Wednesdays and Fridays."
CORRIDORS = "The dog is on a lead in corridors and lifts."


class Slowly:
    """Of `DOGS` it says the sentences of the page about dogs, each of which waits for `say_more`; whatever
    else it is asked it answers at once."""

    def __init__(self):
        self.prompts = []
        self.begun = threading.Event()
        self.ended = threading.Event()
        """One reply about dogs was said or broken off."""
        self._allowed = threading.Semaphore(0)

    def __call__(self, messages):
        self.prompts.append(messages)
        if question_of(messages) != DOGS:
            return Extractive()(messages)
        self.begun.set()
        return self._say([one for one in passages_of(messages) if "Dogs" in one.title])

    def say_more(self, sentences=1):
        for _ in range(sentences):
            self._allowed.release()

    def _say(self, passages):
        try:
            for passage in passages:
                for sentence in (WEDNESDAYS, CORRIDORS):
                    if sentence in passage.text:
                        assert self._allowed.acquire(timeout=10)
                        yield f"QUOTE {passage.number}: {sentence}\nSAY: {sentence}\n"
        finally:
            self.ended.set()


def word_by(kb, script):
    """Let answers be worded by a script; `script` itself."""
    model = _Model("in-process:scripted", 60.0, bounded_client(60, 60), lambda _: ScriptedLLM(script=script))
    kb.keep("writer", lambda: Writer([model], 60.0))
    return script
