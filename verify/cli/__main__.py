"""`python -m verify.cli` is the command `truewheel`."""

from verify.cli.start import main

try:
    main()
finally:
    # Where Ctrl-C came while text was executed, as dataclasses have it, Python ends what it runs by
    # -m with SIGINT, whatever the exit code. Executing some more has it forget.
    exec("")  # noqa: S102 - nothing
