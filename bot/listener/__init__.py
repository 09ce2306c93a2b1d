"""The listener: rates which kind of request a message is, with a small learned table.

It decides nothing: sentences that decide are an exact list (`bot.authority.decision_sentences`).
"""
