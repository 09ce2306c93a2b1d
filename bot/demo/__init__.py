"""`theseus demo`: planted faults, visitors, the private clone."""
