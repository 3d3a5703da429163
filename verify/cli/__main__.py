"""`python -m verify.cli` is the command `truewheel`."""

from verify.cli.main import main

main()
