"""``detak demo``."""

import click

from detak import demo as demonstration
from detak.terminal import explained, json_option, port_option, print_


@click.command("demo")
@port_option
@click.option("--speed", default=1800.0, show_default=True, help="How many times faster than life.")
@click.option("--seconds", type=float, help="Stop by itself after so long.")
@json_option
@explained
def command(port: int, speed: float, seconds: float | None, as_json: bool) -> None:
    """A shop to look at: real-looking orders stream into a running engine, and its dashboard beats."""

    def ready(url: str) -> None:
        print_({"url": url}, f"Dashboard   {url}\nStop with Ctrl+C.", as_json)

    demonstration.run(
        port=port, speed=speed, seconds=seconds, ready=ready, say=lambda line: click.echo(line, err=as_json)
    )
