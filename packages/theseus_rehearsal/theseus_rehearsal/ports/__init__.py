"""The protocols that rehearsals and sandboxes implement."""
