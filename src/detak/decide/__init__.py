"""Deciding, as pure logic: what stands on a page, in which order, and which offer goes with it."""
