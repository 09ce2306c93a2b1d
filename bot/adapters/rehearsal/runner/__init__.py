"""What starts inside of the sandbox: the played tree's bot, in a time and network of the script's.

It imports nothing of ours but itself: `bot`, `cogs` and discord.py come from the tree that is
played and from this Python. Everything in here is at the mercy of the played code, and nobody
outside believes more of it than when to go on.
"""
