"""Translation: its batches and loss, and how texts are translated."""
