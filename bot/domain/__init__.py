"""Records, events, policy and errors: the words everything else is written in."""
