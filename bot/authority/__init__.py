"""Who may do what, and what stops the bot: policy, approvals, autonomy, kill switch, audit."""
