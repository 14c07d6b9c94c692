"""The guided run: its story, the stage it plays on, and the manifests it uses."""
