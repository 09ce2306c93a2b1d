"""What ended runs teach: cases, patterns and anti-patterns, a graph, and replays of cases."""
