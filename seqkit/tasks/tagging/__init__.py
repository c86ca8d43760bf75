"""Named-entity recognition, and part-of-speech tagging on the same road."""
