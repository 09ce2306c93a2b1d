"""What the twins of code hosts have in common: repository, accounts, pull requests, faults."""
