"""The weights of a layer, to scale and cut by gate."""
