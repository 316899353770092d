"""Pictures of whole models: layers as boxes with their shapes, and the folded form with its loops."""
