"""Reading: from bodies in the log to columns of facts, and what became of each message. Pure."""
