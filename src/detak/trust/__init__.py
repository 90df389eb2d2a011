"""The gate, and what it is made of: who may be known, for what, and how that stays right. Only the gate is asked."""
