"""Language modelling: one stream of text, predicted token by token by any family."""
