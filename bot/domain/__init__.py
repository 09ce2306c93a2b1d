"""Records, events, policy and errors: the shared vocabulary of all other packages."""
