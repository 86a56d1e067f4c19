"""Reading documents that people send: in a bounded child process, into one form."""
