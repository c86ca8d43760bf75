"""Named-entity recognition, and part-of-speech tagging by the same means."""
