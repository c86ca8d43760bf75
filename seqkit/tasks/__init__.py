"""What is particular to one task; tasks never import each other."""

TASKS = ("ner", "lm", "generate", "translate")
