"""The cost of models: caps and their enforcement, prices, reports."""
