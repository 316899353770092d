"""Pictures of many numbers: the weights of a layer, its states over time."""
