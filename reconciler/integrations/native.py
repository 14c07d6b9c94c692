"""GitLab's own table of build servers, monitoring, stores, registries and mails, by slug: fields, events, secrets.

Chats stand in `native_chat`, issue trackers in `native_trackers`.

Data, from the recorded table of GitLab 18.9 (`gitlab-integrations.json`) and the API description. Fields have GitLab's
names here; kinds that call them otherwise rename them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from reconciler.core.resource import Field, Kind, Shape
from reconciler.integrations.base import PROJECT, boolean, integration, kinds_of, secret, text
from reconciler.integrations.native_chat import STATUS_CHANGES, branches, broken_only
from reconciler.integrations.rules import EXPANDED, Rule, addresses, longest, maskable, matches, web_url


def _ssl(default: bool) -> Field:
    return boolean("enable_ssl_verification", "Verify the server's certificate.", default)


_GOOGLE_CLOUD = "only where the licence and the instance have Google Cloud integrations, and then from GitLab.com"

_DATADOG_REFUSES = MappingProxyType(
    {
        **dict.fromkeys(("build", "subgroup", "project"), "GitLab declares this event and answers 500 when it is sent"),
        **dict.fromkeys(("pipeline", "job"), "GitLab sets this flag from `enable_metrics` on every save"),
        "archive_trace": "it is a switch of its own, `enable_logs`",
    }
)

_SHAPES = (
    integration(
        "apple-app-store",
        text("app_store_issuer_id", "Issuer id of the App Store Connect key.", required=True),
        text("app_store_key_id", "Id of the key.", required=True),
        text("app_store_private_key_file_name", "File name of the private key.", required=True, example="AuthKey.p8"),
        secret("app_store_private_key", "The private key, PEM. GitLab shows it to maintainers.", required=True),
        boolean("app_store_protected_refs", "Give the variables to protected branches and tags only.", True),
        scopes=PROJECT,
    ),
    integration(
        "assembla",
        secret("token", "Authentication token of the space.", required=True),
        text("subdomain", "Subdomain of the space.", exposes=True),
        events="push",
    ),
    integration(
        "bamboo",
        _ssl(True),
        text("bamboo_url", "Address of the Bamboo server.", required=True, exposes=True),
        secret("build_key", "Key of the plan; GitLab treats it as a secret.", required=True, example="PROJ-PLAN"),
        text("username", "User who may start the plan.", required=True),
        secret("password", "Password of that user; a personal access token does not work here.", required=True),
        events="push",
    ),
    integration(
        "buildkite",
        text("project_url", "Address of the pipeline.", required=True, exposes=True),
        secret("token", "Token that Buildkite gives for its GitLab webhook.", required=True),
        boolean("enable_ssl_verification", "Without effect: certificates are always verified.", True),
        events="push merge_request tag_push",
    ),
    integration("confluence", text("confluence_url", "Address of the workspace on atlassian.net.", required=True)),
    integration(
        "datadog",
        text("datadog_site", "Datadog's site.", default="datadoghq.com", exposes=True),
        text("api_url", "Full address of the API, in place of the site.", exposes=True),
        secret("api_key", "API key; it belongs to one site.", required=True),
        boolean("archive_trace_events", "Send the logs of finished jobs; needs CI Visibility. A property, not a flag."),
        boolean("datadog_ci_visibility", "Send pipelines and jobs to CI Visibility."),
        text("datadog_service", "Tag `service` of everything sent."),
        text("datadog_env", "Tag `env` of everything sent."),
        text("datadog_tags", "Further tags, one `key:value` a line."),
        events="push merge_request note tag_push",
        unstorable_events=_DATADOG_REFUSES,
    ),
    integration(
        "diffblue-cover",
        secret("diffblue_license_key", "Licence key.", required=True, exposes=True),
        text("diffblue_access_token_name", "Name of the access token for pipelines.", required=True),
        secret("diffblue_access_token_secret", "The access token.", required=True),
    ),
    integration(
        "drone-ci",
        _ssl(False),
        text("drone_url", "Address of the Drone server.", required=True, exposes=True),
        secret("token", "Token of Drone's user.", required=True),
        events="push merge_request tag_push",
    ),
    integration(
        "emails-on-push",
        boolean("send_from_committer_email", "Mail in the committer's name."),
        boolean("disable_diffs", "Leave diffs out."),
        branches("all"),
        text("recipients", "Addresses, blank-separated.", required=True, example="team@example.org"),
        events="push tag_push",
    ),
    integration("external-wiki", text("external_wiki_url", "Address of the wiki.", required=True)),
    integration("git-guardian", secret("token", "API token of GitGuardian.", required=True)),
    integration(
        "github",
        secret("token", "Personal access token with the scope `repo:status`.", required=True),
        text("repository_url", "Address of the repository.", required=True, exposes=True),
        boolean("static_context", "Report as one check, whatever the branch.", True),
        events="pipeline",
        scopes=PROJECT,
    ),
    integration(
        "google-cloud-platform-artifact-registry",
        text("artifact_registry_project_id", "Id of the Google Cloud project.", required=True),
        text("artifact_registry_repositories", "Name of the repository.", required=True),
        text("artifact_registry_location", "Location of the repository.", required=True, example="europe-west1"),
        unavailable=_GOOGLE_CLOUD,
    ),
    integration(
        "google-cloud-platform-workload-identity-federation",
        text("workload_identity_federation_project_id", "Id of the Google Cloud project.", required=True),
        text("workload_identity_federation_project_number", "Number of the Google Cloud project.", required=True),
        text("workload_identity_pool_id", "Id of the workload identity pool.", required=True),
        text("workload_identity_pool_provider_id", "Id of the pool's provider.", required=True),
        unavailable=_GOOGLE_CLOUD,
    ),
    integration(
        "google-play",
        text("package_name", "Name of the app's package.", required=True, example="com.example.shop"),
        text("service_account_key_file_name", "File name of the key.", required=True, example="service_account.json"),
        secret("service_account_key", "The key, JSON. GitLab shows it to maintainers.", required=True),
        boolean("google_play_protected_refs", "Give the variables to protected branches and tags only.", True),
        scopes=PROJECT,
    ),
    integration(
        "harbor",
        text("url", "Address of the Harbor server.", required=True, exposes=True),
        text("project_name", "Project in Harbor.", required=True),
        text("username", "User or robot account.", required=True),
        secret("password", "Its password; it must be one that GitLab can mask.", required=True),
    ),
    integration(
        "jenkins",
        _ssl(True),
        text("jenkins_url", "Address of the Jenkins server.", required=True, exposes=True),
        text("project_name", "Job, with its folders, as in its address.", required=True, example="myapp-build"),
        text("username", "Jenkins user."),
        secret("password", "Password or API token of that user."),
        events="push merge_request tag_push",
        off=("merge_request", "tag_push"),
        scopes=PROJECT,
    ),
    integration(
        "packagist",
        text("username", "User at Packagist.", required=True),
        secret("token", "API token of that user.", required=True),
        text("server", "Address of the server; `https://packagist.org` when not stated.", exposes=True),
        events="push merge_request tag_push",
    ),
    integration(
        "pipelines-email",
        text("recipients", "Addresses, blank-separated.", required=True, example="team@example.org"),
        broken_only(),
        STATUS_CHANGES,
        boolean("notify_only_default_branch", "Older form of `branches_to_be_notified`."),
        branches(),
        events="pipeline",
    ),
    integration(
        "teamcity",
        _ssl(False),
        text("teamcity_url", "Address of the TeamCity server.", required=True, exposes=True),
        text("build_type", "Id of the build configuration.", required=True, example="Shop_Build"),
        text("username", "User who may run builds.", required=True),
        secret("password", "Password of that user.", required=True),
        events="push merge_request",
    ),
)

SHAPES: Mapping[str, Shape] = MappingProxyType({shape.name: shape for shape in _SHAPES})
"""The shapes by slug."""

_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

_RULES: Mapping[str, tuple[Rule, ...]] = {
    "apple-app-store": (
        matches("app_store_issuer_id", _UUID, "is no issuer id", "copy it from App Store Connect, Users and Access"),
        matches("app_store_key_id", r"(?=.*[A-Z])(?=.*[0-9])[A-Z0-9]+", "is no key id", "capital letters and digits"),
    ),
    "buildkite": (web_url("project_url"),),
    "confluence": (
        web_url("confluence_url"),
        matches(
            "confluence_url",
            r"https?://[^/?#\s]+\.atlassian\.net(:\d+)?/wiki([/?#]\S*)?",
            "is not a Confluence Cloud workspace",
            "write https://NAME.atlassian.net/wiki",
        ),
    ),
    "drone-ci": (web_url("drone_url"),),
    "emails-on-push": (addresses(750, "recipients", r"\s+", distinct=True),),
    "external-wiki": (web_url("external_wiki_url"),),
    "github": (web_url("repository_url"),),
    "google-play": (
        matches("package_name", r"[A-Za-z]\w*(\.[A-Za-z]\w*)+", "is no package name", "write it like com.example.shop"),
    ),
    "harbor": (
        web_url("url"),
        matches(
            "project_name",
            r"[a-z0-9]+([._-][a-z0-9]+)*",
            "is no project name",
            "small letters and digits, single `.`, `_` or `-` between",
        ),
        longest(255, "project_name"),
        maskable("password", form=EXPANDED),
    ),
    "packagist": (web_url("server"),),
    "pipelines-email": (addresses(30, "recipients", r"[,\s]+"),),
}

KINDS: Mapping[str, Kind] = kinds_of("native", SHAPES, _RULES)
"""The slugs that are kinds by themselves, with GitLab's names and `events`."""
