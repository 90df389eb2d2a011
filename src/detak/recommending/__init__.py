"""Recommendation as it lives in one shop: fitted from facts, kept, unlearnt, asked, and explained."""
