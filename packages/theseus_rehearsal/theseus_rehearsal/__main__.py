"""`python -m theseus_rehearsal`: the same as `theseus-rehearse`."""

from theseus_rehearsal.cli.main import main

if __name__ == "__main__":
    main()
