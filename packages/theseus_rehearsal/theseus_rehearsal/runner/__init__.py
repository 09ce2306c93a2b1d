"""Runs inside the sandbox: a tree's bot, with the script's time and network.

It imports only its own modules; `bot`, `cogs` and discord.py come from the tree and from this
Python. The tree's code can change everything in this process, so the outside uses its messages only
for timing and errors.
"""
