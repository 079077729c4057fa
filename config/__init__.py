"""What an operator decides: settings, models, and the errors and telemetry that every package shares."""
