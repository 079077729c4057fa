"""What people who run Sabio may tell it in a chat, and what everybody may ask of it besides questions: the
same on every platform.

A platform reads what was written (`read`) and carries it out (`run`). A `Notice` is the reply; of something
`Followed` it shows `look()` again and again, in one message, until that is done, and then tells whoever asked
the `farewell()`. A button of a notice holds the words of a command, to be read and carried out as if the
person who pressed it had written them.
"""

from bot.commands.asked import Followed
from bot.commands.grammar import Command, read, suggest
from bot.commands.running import is_admin, run

__all__ = ["Command", "Followed", "is_admin", "read", "run", "suggest"]
