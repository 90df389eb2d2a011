"""What a shop learns from its facts, one insight a file. ``base.py`` holds their contract; a new file, a new report."""
