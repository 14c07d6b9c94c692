"""Documents for people: one file per thing that is shown."""
