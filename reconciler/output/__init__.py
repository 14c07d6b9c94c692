"""Views: values of the core turned into text for people, machines and GitLab's report readers. Imports core only."""
