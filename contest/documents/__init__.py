"""Reading files that people send: texts and sheets, in a bounded child process. Knows no entry and no page."""
