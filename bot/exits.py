"""What the `sabio` command ends with. 70 is EX_SOFTWARE of sysexits.h, 130 what shells give for Ctrl-C."""

DONE, SOME_FAILED, CONFIGURATION, UNAVAILABLE, OUR_FAULT, INTERRUPTED = 0, 1, 2, 3, 70, 130
