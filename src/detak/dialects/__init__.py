"""Foreign bodies into Segment's: one dialect a file, pure. The way in knows one language, and counts in it."""
