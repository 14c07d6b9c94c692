"""The one way to the network, and what knows GitLab's API."""
