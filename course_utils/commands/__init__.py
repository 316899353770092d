"""The commands, one module each, and what they are made of.

``lab``, ``test``, ``notebooks``, ``images`` and ``benchmark`` run inside ``.venv``; ``doctor`` runs before it, with the
standard library alone.
"""
