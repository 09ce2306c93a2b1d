"""Research: a question goes to several sources, and only quoted claims count.

The package reads and writes nothing itself: sources, cache and model are ports. All text from
outside is data.
"""
