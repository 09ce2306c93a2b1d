"""The embedded Discord-compatible server, its page, and the demo."""
