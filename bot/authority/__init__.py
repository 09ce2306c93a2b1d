"""Who may do what, and what stops everything: policy, approvals, autonomy, kill switch, audit."""
