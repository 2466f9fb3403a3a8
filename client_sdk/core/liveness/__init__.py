"""Does the session of a request still count: one decision, and the question to the center behind it."""
