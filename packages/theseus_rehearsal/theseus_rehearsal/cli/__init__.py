"""The command line `theseus-rehearse`."""
