"""What the organiser approved of an entry for the public."""
