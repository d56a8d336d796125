"""What a saved model says of texts, and why."""
