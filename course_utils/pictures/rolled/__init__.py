"""The folded picture: each layer once, with its loop."""
