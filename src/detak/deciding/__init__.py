"""Decisions as they are made in one shop: from a question to pages, kept before they are given."""
