"""Pictures of whole models: layers as boxes, with their shapes and the arrows between them."""
