"""``detak serve``."""

from pathlib import Path

import click

from detak.engine import Engine
from detak.server import run as serving
from detak.terminal import explained, json_option, port_option, print_, store_option

_WAIT = 20.0  # seconds for the process before to let go of the store


@click.command("serve")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Where to listen; beyond this machine, one signs in."
)
@port_option
@click.option("--sign-in", is_flag=True, help="Ask for the token even here: needed behind a reverse proxy.")
@store_option
@json_option
@explained
def command(host: str, port: int, sign_in: bool, store: Path, as_json: bool) -> None:
    """Run the engine: collection, consent, reports and the dashboard."""
    with Engine(store, wait=_WAIT) as engine:
        key = engine.write_key("web")

        def ready(url: str, _: str) -> None:
            text = f"Dashboard   {url}\nWrite key   {key}  (source: web)\nStore       {store}\nStop with Ctrl+C."
            print_({"url": url, "write_key": key, "store": str(store)}, text, as_json)

        serving.serve(engine, host=host, port=port, sign_in=sign_in, ready=ready)
