"""What several forges use. It imports none of them."""
