"""The saved file of a model: its verification, the SavedModel made of it, its model card."""
