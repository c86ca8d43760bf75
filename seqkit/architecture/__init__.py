"""What a model is, in numbers and choices: the configurations that `config.json` holds; nothing here computes."""
