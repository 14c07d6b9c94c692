"""Results of health checks over time."""
