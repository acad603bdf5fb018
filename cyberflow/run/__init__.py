"""Submitting chains and workflows and following them to their end. What is shown of it is the doors' business."""
