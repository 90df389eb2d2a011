"""``detak serve``."""

from pathlib import Path

import click

from detak.structured_logs import FORMATS, Format, configure
from detak.terminal import end_now, explained, json_option, port_option, print_, store_option

_WAIT = 20.0  # seconds for the process before to let go of the store


@click.command("serve")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Where to listen; beyond this machine, one signs in."
)
@port_option
@click.option("--sign-in", is_flag=True, help="Ask for the token even here: needed behind a reverse proxy.")
@click.option(
    "--log-format", type=click.Choice(FORMATS), default="text", show_default=True, help="Of the log on stderr."
)
@click.option("--access-log", is_flag=True, help="Log requests too: route, status and time, no addresses.")
@store_option
@json_option
@explained
def command(  # noqa: PLR0913, PLR0917 - an option each
    host: str, port: int, sign_in: bool, log_format: Format, access_log: bool, store: Path, as_json: bool
) -> None:
    """Run the engine: collection, consent, reports and the dashboard."""
    from detak.engine import Engine
    from detak.server import run as serving

    configure(log_format, access=access_log)
    with Engine(store, wait=_WAIT) as engine:
        key = engine.write_key("web")

        def ready(url: str, _: str) -> None:
            text = f"Dashboard   {url}\nWrite key   {key}  (source: web)\nStore       {store}\nStop with Ctrl+C."
            print_({"url": url, "write_key": key, "store": str(store)}, text, as_json)

        serving.serve(engine, host=host, port=port, sign_in=sign_in, ready=ready)
    if engine.models.left_working:
        end_now()
