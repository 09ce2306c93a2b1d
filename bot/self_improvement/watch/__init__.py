"""Whether a shipped change held and is used."""
