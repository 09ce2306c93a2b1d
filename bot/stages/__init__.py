"""One file a stage, named as in the flow: observe to watch."""
