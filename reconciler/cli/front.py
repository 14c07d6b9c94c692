"""The front page of the command line as tables: commands, global options, exit codes, and their help as text.

Law: imports nothing. `--help` is answered from here before click is loaded, and click shows the same text.
"""

EVERYDAY, ADOPT, STATE, KNOW, OPERATE = "Everyday", "Adopt and leave", "State", "Know", "Operate"

COMMANDS = {
    "init": (EVERYDAY, "reconciler.cli.init:cli", "Start a folder with a manifest, settings and a pipeline"),
    "validate": (EVERYDAY, "reconciler.cli.validate:cli", "Check manifests offline, all problems at once"),
    "plan": (EVERYDAY, "reconciler.cli.plan:cli", "Show what apply would change, and why"),
    "apply": (EVERYDAY, "reconciler.cli.apply:cli", "Make GitLab what the manifests say"),
    "drift": (EVERYDAY, "reconciler.cli.drift:cli", "Show what somebody changed behind the manifests' back"),
    "health": (EVERYDAY, "reconciler.cli.health:cli", "Ask whether what is declared works"),
    "show": (EVERYDAY, "reconciler.cli.show:cli", "Show a saved plan, or what is recorded"),
    "adopt": (ADOPT, "reconciler.cli.adopt:cli", "Turn what exists in GitLab into manifests and state"),
    "destroy": (ADOPT, "reconciler.cli.destroy:cli", "Delete everything that is recorded, after showing it"),
    "state": (STATE, "reconciler.cli.state:cli", "Look at the record and repair it"),
    "explain": (KNOW, "reconciler.cli.explain:cli", "Say where every value of a declared entry comes from"),
    "kinds": (KNOW, "reconciler.cli.kinds:cli", "List what can be declared, with every field"),
    "schema": (KNOW, "reconciler.cli.schema:cli", "Write the JSON Schema of manifests for editors"),
    "templates": (KNOW, "reconciler.cli.templates:cli", "List the templates that entries can use"),
    "report": (KNOW, "reconciler.cli.report:cli", "Show the estate at a glance: counts, health, drift"),
    "run": (OPERATE, "reconciler.cli.run:cli", "Ask something of an entry: notify, sync, build, push"),
    "webhooks": (OPERATE, "reconciler.cli.webhooks:cli", "Test webhooks, and look at what was sent"),
    "oauth": (OPERATE, "reconciler.cli.oauth:cli", "Rotate and revoke OAuth applications"),
    "ci": (OPERATE, "reconciler.cli.ci:cli", "Write merge request notes, joined reports, child pipelines"),
    "sandbox": (OPERATE, "reconciler.cli.sandbox:cli", "Serve a pretend GitLab with pretend services"),
    "demo": (OPERATE, "reconciler.cli.demo.command:cli", "Watch the whole story run on a pretend GitLab"),
    "doctor": (OPERATE, "reconciler.cli.doctor:cli", "Check token, rights, clock, state and manifests"),
    "completion": (OPERATE, "reconciler.cli.completion:cli", "Print the completion script of a shell"),
    "version": (OPERATE, "reconciler.cli.version:cli", "Print the version and those of the file formats"),
}
"""Name to section of the help, place of the click command, and short help (held equal to the command's own)."""

SUMMARY = "Keep a GitLab estate's third-party integrations as code."

OPTIONS = (
    (("--settings",), "FILE", "Settings file (reconciler.yaml)."),
    (("-e", "--env"), "NAME", "Environment of the settings to work on."),
    (("-m", "--manifests"), "PATH", "Manifest file or folder, repeatable (manifests)."),
    (("--state",), "URL", "Where the state is kept (.reconciler/state.json)."),
    (("-o", "--output"), "human|json|markdown", "Form of the answer on stdout (human)."),
    (("-v", "--verbose"), "", "Say more: requests, full lists."),
    (("-q", "--quiet"), "", "Only answers, warnings and errors."),
    (("--color",), "auto|always|never", "Colours (auto)."),
    (("--parallelism",), "N", "Requests at a time (16)."),
    (("--timeout",), "TIME", "Longest wait for one answer of GitLab."),
    (("--lock-timeout",), "TIME", "How long to wait for a locked state: 30s, 5m."),
    (("--sandbox",), "", "Work on the pretend GitLab instead."),
    (("--no-cache",), "", "Read every manifest afresh."),
)
"""The options of every command, before or after its name: names, what they take, help."""

OF_THE_ROOT = (("--version", "Print the version."), ("-h, --help", "Show this page, or that of a command."))

EXIT_CODES = (
    ("0", "done"),
    ("1", "failed, or nothing could be done"),
    ("2", "changes, drift or unhealthy, only with --detailed-exitcode"),
    ("3", "applied in part; the state is consistent"),
    ("64", "the command line is wrong"),
    ("70", "a fault of reconciler itself"),
    ("130, 143", "interrupted, terminated"),
)


def help_text() -> str:
    """The front page."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for name, (section, _place, said) in COMMANDS.items():
        sections.setdefault(section, []).append((name, said))
    options = [(f"{', '.join(names)} {takes}".rstrip(), said) for names, takes, said in OPTIONS]
    sections["Global options, before or after the command (also as RECONCILER_<NAME>)"] = options
    sections["Options"] = list(OF_THE_ROOT)
    sections["Exit codes"] = list(EXIT_CODES)
    rows = ["Usage: reconciler [OPTIONS] COMMAND [ARGS]...", "", f"  {SUMMARY}"]
    for title, entries in sections.items():
        width = max(len(name) for name, _said in entries)
        rows += ["", f"{title}:", *(f"  {name.ljust(width)}  {said}" for name, said in entries)]
    rows += ["", "`reconciler COMMAND --help` shows examples. `reconciler demo` shows what all of it is for."]
    return "\n".join(rows)
