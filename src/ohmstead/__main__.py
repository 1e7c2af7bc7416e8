"""`python -m ohmstead` is the command `ohmstead`."""

from ohmstead.cli import main

main()
