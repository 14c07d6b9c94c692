"""The pure heart: values in, values out. No clock, disk, network, environment or log.

Everyone may import this package; it imports nothing else of ours.
"""
