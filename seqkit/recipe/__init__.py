"""Recipes: strict TOML to typed configurations, with overrides, rivals and a fingerprint. What they hold is each task's own."""
