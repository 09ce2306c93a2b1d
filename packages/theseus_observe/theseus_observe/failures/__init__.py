"""What is known of a failure: its places, its values, and who is to blame, as a `Capsule`."""
