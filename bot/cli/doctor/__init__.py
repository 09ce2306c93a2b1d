"""`theseus doctor`: checks everything the bot needs, and explains how to fix problems."""
