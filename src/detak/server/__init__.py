"""The HTTP face: collection, consent, reports, pages. Routes parse, call one engine method, render."""
