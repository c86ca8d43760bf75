"""What a trained model does with a text: its gates, attention, memory and gradients, recomputed exactly from its weights."""
