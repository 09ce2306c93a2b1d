"""Goals that people set: measured from records, validated, ranked against, reviewed weekly.

Their texts are data. No text of a goal is parsed for a request, becomes a run's request, or is read
by a model: a goal can only make the bot prefer one piece of work to another.
"""
