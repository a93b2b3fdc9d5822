"""A dbt-duckdb plugin that lands new raw files before the first model, and creates the sources as views."""

from __future__ import annotations

from pathlib import Path

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.adapters.events.logging import AdapterLogger
from dbt.flags import get_flags
from dbt_common.exceptions import DbtRuntimeError
from duckdb import DuckDBPyConnection

from lastro.landing.land import RefusedFiles, land, landed_folder, unknown_columns
from lastro.landing.sql import quoted
from lastro.landing.stores import Folder
from lastro.landing.views import declare_landed

_LOG = AdapterLogger("Lastro")
# The commands that run models. All others work without data and read no raw file.
_RUNS_MODELS = {"build", "run", "snapshot", "retry"}


class Plugin(BasePlugin):
    """The plugin; profiles.yml gives it `raw`, the raw root, and `landed`, the folder of all landed roots."""

    def initialize(self, plugin_config: dict[str, str]) -> None:
        """Keep both folders as absolute paths, because views outlive dbt's working directory."""
        self.raw = Path(plugin_config["raw"]).absolute()
        self.landed = Path(plugin_config["landed"]).absolute()

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Land the raw files and declare the sources, if the command runs models.

        Raises:
            DbtRuntimeError: Raw files cannot be trusted, or the database belongs to another raw root.
        """
        flags = get_flags()
        if flags.WHICH not in _RUNS_MODELS:
            return
        try:
            self._land(conn, flags.VARS or {}, bool(flags.FULL_REFRESH))
        except (RefusedFiles, ValueError, OSError, duckdb.Error) as error:
            # dbt does not close a connection that failed while opening, and the file would stay locked.
            conn.close()
            raise DbtRuntimeError(str(error)) from None

    def _land(self, conn: DuckDBPyConnection, said: dict[str, object], is_full_refresh: bool) -> None:
        schema = f"{self.creds.schema}_landed"
        conn.execute(f"create schema if not exists {quoted(schema)}")
        self._refuse_another_root(conn, schema, bool(said.get("allow_other_root")))
        folder = landed_folder(self.raw, self.landed)
        landing = land(
            self.raw,
            Folder(folder),
            allow_removed=bool(said.get("allow_removed") or said.get("allow_other_root")),
            skip_refused=bool(said.get("skip_refused")),
            read_all=is_full_refresh,
        )
        for line in unknown_columns(landing.files):
            _LOG.warning(line)
        declare_landed(conn, schema, folder, landing)

    def _refuse_another_root(self, conn: DuckDBPyConnection, schema: str, is_allowed: bool) -> None:
        """Refuse a raw root other than the database's own, because every known file would look gone."""
        root = f"{quoted(schema)}.raw_root"
        conn.execute(f"create table if not exists {root} (path varchar)")
        known = conn.execute(f"select path from {root}").fetchone()
        if known and known[0] != str(self.raw) and not is_allowed:
            raise ValueError(
                f"{self.creds.path} was built from {known[0]}, but LASTRO_RAW is {self.raw}. Name another "
                "database in LASTRO_DB, or switch this one over: --vars 'allow_other_root: true'."
            )
        if not known or known[0] != str(self.raw):
            conn.execute(f"create or replace table {root} as select ? as path", [str(self.raw)])
