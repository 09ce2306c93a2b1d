"""`python -m theseus_repair`: the same as `theseus-repair`."""

from theseus_repair.cli import main

main()
