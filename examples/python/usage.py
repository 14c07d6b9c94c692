"""The integrations of one project from Python. Try it without a GitLab: RECONCILER_SANDBOX=1 python usage.py"""

from reconciler.integration_management import IntegrationManagementManager, IntegrationType

# Initialize manager
mgr = IntegrationManagementManager(project_id="myorg/myproject")

# 1. Slack Integration
slack = mgr.slack.create_slack_integration(
    {
        "name": "Team Notifications",
        "webhook_url": "https://hooks.slack.com/services/XXX/YYY/ZZZ",
        "channel": "#deployments",
        "username": "GitLab Bot",
        "events": ["push", "merge_request", "pipeline"],
        "notify_only_broken_pipelines": True,
    }
)

# Send notification
mgr.slack.send_slack_notification(slack["integration_id"], {"text": "Deployment successful! 🚀"})

# 2. Jira Integration
jira = mgr.jira.create_jira_integration(
    {
        "name": "Jira Sync",
        "url": "https://company.atlassian.net",
        "username": "gitlab-bot@company.com",
        "api_token": "your-jira-token",
        "project_key": "PROJ",
        "issue_type": "Task",
        "enable_commit_sync": True,
    }
)

# Sync issue
mgr.jira.sync_issue(
    jira["integration_id"], {"iid": 123, "title": "Implement feature", "description": "Feature description"}
)

# 3. Jenkins CI/CD
jenkins = mgr.jenkins.create_jenkins_integration(
    {
        "name": "Jenkins CI",
        "jenkins_url": "https://jenkins.company.com",
        "username": "gitlab",
        "api_token": "jenkins-token",
        "project_name": "myapp-build",
        "trigger_on_push": True,
    }
)

# Trigger build
mgr.jenkins.trigger_jenkins_build(jenkins["integration_id"], {"branch": "main", "commit_sha": "abc123"})

# 4. Generic Webhooks
webhook = mgr.webhooks.create_webhook(
    {
        "name": "Deployment Hook",
        "url": "https://api.myapp.com/deploy",
        "events": ["pipeline"],
        "secret_token": "my-secret",
        "enable_ssl_verification": True,
    }
)

# Test webhook
mgr.webhooks.test_webhook(webhook["webhook_id"])

# Trigger webhook
mgr.webhooks.trigger_webhook(webhook["webhook_id"], {"event_type": "pipeline", "status": "success"})

# 5. Monitoring Integration
datadog = mgr.monitoring.create_datadog_integration(
    {
        "name": "Datadog Monitoring",
        "api_key": "datadog-api-key",
        "env": "production",
        "service": "myapp",
        "enable_logs": True,
        "enable_metrics": True,
    }
)

sentry = mgr.monitoring.create_sentry_integration(
    {"name": "Sentry Errors", "dsn": "https://xxx@sentry.io/yyy", "environment": "production", "release": "v1.2.3"}
)

# 6. OAuth Application
oauth_app = mgr.oauth.create_oauth_application(
    {
        "name": "Mobile App",
        "redirect_uri": "https://myapp.com/callback",
        "scopes": ["api", "read_user", "write_repository"],
        "confidential": True,
    }
)

# 7. Health Monitoring
health = mgr.health.check_integration_health(slack["integration_id"], "slack")
# Returns: status, response_time_ms, last_check

unhealthy = mgr.health.get_unhealthy_integrations()

# 8. Templates
template = mgr.templates.create_template(
    {
        "name": "Standard Slack Setup",
        "integration_type": IntegrationType.SLACK.value,
        "description": "Standard team notifications",
        "default_config": {"username": "GitLab Bot", "events": ["push", "merge_request"]},
        "required_fields": ["webhook_url", "channel"],
    }
)
