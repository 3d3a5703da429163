"""`python -m verify.cli` is the command `truewheel`."""

from verify.cli.start import main

main()
