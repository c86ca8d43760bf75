"""Text as symbols and back: characters, words, pieces of words."""
