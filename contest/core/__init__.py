"""What knows no room: configuration, database, clock, windows, errors, text, files, web."""
