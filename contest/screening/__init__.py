"""The secretariat's desk: what was found in entries, near-copies, saved views."""
