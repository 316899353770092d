"""How ``.venv`` comes about: standard library alone, for it runs before anything is installed."""
