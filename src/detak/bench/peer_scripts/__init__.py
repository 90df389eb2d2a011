"""Small programs around packages that Detak is compared with. They run in the peers' environment, where Detak is not.

Each file has a function ``answer(question, arrays)``: from a dictionary and named arrays to a dictionary and named
arrays. It imports the standard library, NumPy, and what the group ``peers`` in pyproject.toml names; nothing of Detak.
"""
