"""What units send for many authors: bundles of files, and entries on paper."""
