"""What here is not for this interpreter."""

collect_ignore = ["hooks.py"]  # schemathesis loads it, in .venv-clients
