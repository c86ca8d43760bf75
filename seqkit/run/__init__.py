"""One verb, one file, each read from top to bottom; no verb knows which task it serves."""
