"""A simulated Indonesian shop whose truth is known: why people leave, whom a message moves, what they would buy."""
