"""Becomes a program that leads a group of processes, of which none outlives it, whatever way it ends.

`python group.py PROGRAM ARGUMENT …`: the pid stays, and is the number of the group. For servers that start
others and leave them behind when they are killed.
"""

import os
import select
import signal
import sys
from contextlib import suppress


def become(command: list[str]) -> None:
    """Run the command in place of this process, with somebody who sees its end and ends the rest."""
    leader = os.getpid()
    os.setpgid(0, 0)
    life = os.pidfd_open(leader)
    if os.fork() == 0:
        os.setsid()  # not of the group
        if os.fork() == 0:  # nor a child that the server knows nothing of
            select.select([life], [], [])
            with suppress(ProcessLookupError):
                os.killpg(leader, signal.SIGKILL)
        os._exit(0)
    os.wait()
    os.execv(command[0], command)


if __name__ == "__main__":
    become(sys.argv[1:])
