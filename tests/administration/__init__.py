"""What admins do, by each of the surfaces."""
