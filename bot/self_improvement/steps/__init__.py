"""One file a step, named as in the order of work: observe to watch, and revert."""
