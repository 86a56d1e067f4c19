"""What gunicorn and `flask --app wsgi` serve."""

from contest.app import create_app

app = create_app()
