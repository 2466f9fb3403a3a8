"""What must hold whichever stores the center runs on."""
