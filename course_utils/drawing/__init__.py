"""The engine of all pictures: scene (geometry), theme (colours), text, layout, renderers. It knows no network."""
