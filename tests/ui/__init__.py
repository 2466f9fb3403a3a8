"""The pages for people, and what every answer of the center shares."""
