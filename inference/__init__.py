"""Predictions of saved models, and explanations of them."""
