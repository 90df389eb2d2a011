"""``detak demo``."""

import click

from detak.terminal import end_now, explained, json_option, port_option, print_


@click.command("demo")
@port_option
@click.option(
    "--crowd",
    default=60.0,
    show_default=True,
    type=click.FloatRange(1, 600),
    help="Visitors at first, times the usual.",
)
@click.option(
    "--shoppers",
    default=9_000,
    show_default=True,
    type=click.IntRange(100),
    help="How many there are.",
)
@click.option("--seconds", type=float, help="Stop by itself after so long.")
@json_option
@explained
def command(port: int, crowd: float, shoppers: int, seconds: float | None, as_json: bool) -> None:
    """A shop to look at: sixty days of history, and shoppers coming in live."""

    from detak import demo as demonstration

    def ready(shop: demonstration.Open) -> None:
        signed_in = f"{shop.url}/?token={shop.token}"
        two = "&".join(f"{name}={who}" for name, who in zip(("one", "two"), shop.regulars, strict=False))
        view_as = f"{shop.url}/view-as?{two}" if two else f"{shop.url}/view-as"
        text = (
            f"Dashboard   {shop.url}\n"
            f"Signed in   {signed_in}  (then also what is about single people)\n"
            f"Two of them {view_as}\n"
            f"Store       {shop.store}\n"
            "Stop with Ctrl+C."
        )
        print_({"url": shop.url, "signed_in": signed_in, "view_as": view_as, "store": shop.store}, text, as_json)

    working = demonstration.run(
        port=port,
        crowd=crowd,
        seconds=seconds,
        shoppers=shoppers,
        ready=ready,
        say=lambda line: click.echo(line, err=as_json),
    )
    if working:
        end_now()
