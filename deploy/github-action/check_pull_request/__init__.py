"""Checks a pull request of a discord.py bot, and reports in one comment.

The action runs this with the events `pull_request` and `pull_request_target`; with the second, the
token may write, and forks can open pull requests. Therefore: commits are fetched as objects and
never checked out. Scripts and requirements are those of the base branch. Programs that read the
pull request get no token. Its code runs in bubblewrap only, without a network. All text that comes
from it is escaped.
"""
