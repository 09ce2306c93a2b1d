"""Chat with the model."""
