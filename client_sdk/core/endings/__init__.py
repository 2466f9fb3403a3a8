"""What ended at the center: the view of it, and the feed that keeps the view fresh."""
