"""What the walking tours add."""
