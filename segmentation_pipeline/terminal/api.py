"""`segpipe api`: serve the HTTP API, and make, list and revoke its tokens.

Add here: another thing an administrator does to the API. Keep out: the API (api/), what a token is (state/).
"""

from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from segmentation_pipeline.config import find_home
from segmentation_pipeline.state import api_tokens
from segmentation_pipeline.state.database import State, open_state
from segmentation_pipeline.terminal.commands import HomeOption, author, told_plainly

app = typer.Typer(help="Serve the HTTP API; make and revoke its tokens.", invoke_without_command=True)
token_app = typer.Typer(help="Tokens programs show to the API.", no_args_is_help=True)
app.add_typer(token_app, name="token")
console = Console()


@app.callback()
def api(
    context: typer.Context,
    home: HomeOption = None,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen at; off loopback everything needs a token.")
    ] = ("127.0.0.1"),
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any that is free.")] = 8600,
) -> None:
    """Serve segments, retention, advice, analyses and scores over HTTP."""
    if context.invoked_subcommand is not None:
        return
    with told_plainly():
        used = find_home(home)
        used.settings()
        from segmentation_pipeline.api.serving import serve

        def tell(address: str) -> None:
            console.print(f"API on {address} for {escape(str(used.root))} (Ctrl-C ends it)", soft_wrap=True)

        serve(used, host, port, on_ready=tell)


@token_app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who will use it; written beside what they change.")],
    scope: Annotated[str, typer.Option("--scope", help="read, or write (which may read too).")] = "read",
    home: HomeOption = None,
) -> None:
    """Make a token and print it, this once; only its hash is kept."""
    with told_plainly(), _state(home).write() as state:
        token, stored = api_tokens.create_token(state, name, scope, created_by=author())
    console.print(token, highlight=False, soft_wrap=True)
    Console(stderr=True).print(
        f"Token {stored.token_id} of {escape(stored.name)} may {stored.scope}. It is shown this once: keep it safe.",
        soft_wrap=True,
    )


@token_app.command("list")
def list_tokens(home: HomeOption = None) -> None:
    """List the tokens ever made, never themselves."""
    with told_plainly(), _state(home).read() as state:
        found = api_tokens.tokens(state)
    if not found:
        console.print("There are no tokens. Next: `segpipe api token create NAME`.")
        return
    table = Table("token", "name", "scope", "made", "by", "revoked", box=box.SIMPLE_HEAD)
    for known in found:
        revoked = f"{known.revoked_at:%Y-%m-%d %H:%M}" if known.revoked_at else ""
        made = f"{known.created_at:%Y-%m-%d %H:%M}"
        table.add_row(known.token_id, escape(known.name), known.scope, made, escape(known.created_by), revoked)
    console.print(table)


@token_app.command()
def revoke(
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="Id or name, as `list` shows it.")],
    home: HomeOption = None,
) -> None:
    """Let a token open nothing; a running server knows within a second."""
    with told_plainly(), _state(home).write() as state:
        known = api_tokens.revoke_token(state, token)
    console.print(f"Token {known.token_id} of {escape(known.name)} opens nothing from now on.", soft_wrap=True)


def _state(home: HomeOption) -> State:
    used = find_home(home)
    return open_state(used, used.settings())
