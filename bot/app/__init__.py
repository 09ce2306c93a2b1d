"""The composition root: the only room that names adapters; it owns every resource."""
