"""What the center is for, each file one story from one end to the other: over HTTP, with real processes."""
