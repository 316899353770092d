"""Pictures of functions: curves on axes."""
