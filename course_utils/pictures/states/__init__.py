"""The states of a layer over time, as strips of colour."""
