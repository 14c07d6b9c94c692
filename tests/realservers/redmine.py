"""A real Redmine: Debian's package unpacked into a folder of ours, prepared once, started from a copy of its database.

The package itself is not installed: its setup wants a database server's settings, and fails beside newer versions of
Ruby. What it depends on is installed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.realservers.servers import free_port, lacking, process

SETUP = Path(__file__).with_name("redmine_setup.rb")
PROGRAMS = ("ruby", "puma", "sqlite3")
PACKAGES = ("ruby", "puma", "sqlite3", "ruby-sqlite3", "libjs-jquery", "libjs-jquery-ui", "libjs-raphael")
STEP_SECONDS = 400
DATABASE = "production: {{adapter: sqlite3, database: '{path}', timeout: 10000}}\n"


@dataclass(frozen=True)
class Redmine:
    """A Redmine that runs: where, the API keys by user, and the numbers of two custom fields."""

    url: str
    keys: dict[str, str]
    marker_field: int
    plain_field: int
    version: str
    database: Path

    def set_rest_api(self, on: bool) -> None:
        """What an administrator does in the settings; a later time tells the server to read them again."""
        change = "update settings set value = ?, updated_on = datetime('now', ?) where name = 'rest_api_enabled'"
        with closing(sqlite3.connect(self.database, timeout=10)) as held, held:
            held.execute(change, ("1", "+2 hours") if on else ("0", "+1 hour"))


def home() -> Path:
    """Where the prepared Redmine is kept: `RECONCILER_REDMINE`, else a folder of the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("RECONCILER_REDMINE") or Path(cache) / "reconciler" / "redmine")


def missing() -> str:
    """Why Redmine cannot be started here; empty where it can."""
    if not (home() / "facts.json").is_file():
        return "no Redmine is prepared here (`python -m tests.realservers.run --prepare` does it)"
    return lacking(*PROGRAMS)


def packages() -> list[str]:
    """What Debian's package depends on, less what sets its database up."""
    said = _run(["apt-cache", "depends", "redmine"], Path.cwd())
    named = re.findall(r"^ +Depends: (ruby-[\w.+-]+)$", said, re.MULTILINE)
    return [*PACKAGES, *named]


def prepare() -> None:
    """Unpack, make the database and fill it, unless that is done. Raises `CalledProcessError` where a step fails."""
    if (home() / "facts.json").is_file():
        return
    forget()
    home().mkdir(parents=True, exist_ok=True)
    _run(["apt-get", "download", "redmine"], home())
    _run(["dpkg-deb", "-x", str(next(home().glob("redmine_*.deb"))), "unpacked"], home())
    for name in ("Gemfile.lock", "instances", "config/database.yml"):
        (_application() / name).unlink()
    (_application() / "Gemfile.local").write_text('gem "sqlite3"\ngem "puma"\n', encoding="utf-8")
    (_application() / "config" / "additional_environment.rb").write_text(
        "config.eager_load = false\n", encoding="utf-8"
    )
    _instance("prepared")
    environ = _environ("prepared")
    _run(["ruby", "bin/rake", "db:migrate"], _application(), environ)
    said = _run(["ruby", "bin/rails", "runner", str(SETUP)], _application(), environ)
    (home() / "facts.json").write_text(said.strip().splitlines()[-1], encoding="utf-8")


def forget() -> None:
    """Remove what `prepare` made, and nothing else."""
    shutil.rmtree(home() / "unpacked", ignore_errors=True)
    for path in (home() / "facts.json", *home().glob("redmine_*.deb")):
        path.unlink(missing_ok=True)


@contextmanager
def redmine(folder: Path) -> Iterator[Redmine]:
    """A Redmine with a copy of the prepared database."""
    name, port = f"run{os.getpid()}", free_port()
    instance = _instance(name)
    url = f"http://127.0.0.1:{port}"
    command = ["puma", "--dir", str(_application()), "-b", f"tcp://127.0.0.1:{port}", "-t", "1:4", "config.ru"]
    try:
        shutil.copyfile(_application() / "instances" / "prepared" / "redmine.db", instance / "redmine.db")
        facts: Any = json.loads((home() / "facts.json").read_text(encoding="utf-8"))
        with process(command, folder, ready=f"{url}/issues.json", environ=_environ(name)):
            yield Redmine(url, database=instance / "redmine.db", **facts)
    finally:
        shutil.rmtree(instance, ignore_errors=True)


# ---------------------------------------------------------------------------------------------------------------------


def _application() -> Path:
    return home() / "unpacked" / "usr" / "share" / "redmine"


def _instance(name: str) -> Path:
    """A folder with the settings of one instance."""
    instance = _application() / "instances" / name
    for folder in ("config", "tmp", "log", "files", "plugins", "public/plugin_assets"):
        (instance / folder).mkdir(parents=True, exist_ok=True)
    (instance / "config" / "database.yml").write_text(DATABASE.format(path=instance / "redmine.db"), encoding="utf-8")
    (instance / "config" / "secret_key.txt").write_text(os.urandom(64).hex(), encoding="utf-8")
    return instance


def _environ(instance: str) -> dict[str, str]:
    told = {"REDMINE_INSTANCE": instance, "RAILS_ENV": "production", "RACK_ENV": "production"}
    return {**told, "SCHEMA": os.devnull, "RUBYOPT": "-W0"}


def _run(command: list[str], folder: Path, environ: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(environ or {})},
        timeout=STEP_SECONDS,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
    )
    return done.stdout
