"""What models may cost: caps, who enforces them, prices, reports."""
