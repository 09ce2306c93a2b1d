"""`python -m theseus_guard`: the same as `theseus-guard`."""

from theseus_guard.cli import main

main()
