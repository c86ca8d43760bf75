"""`seqkit claims list | show | run`."""

from pathlib import Path
from typing import Annotated

import typer

from seqkit.cli.options import Device, Set, Threads, make_console, seed_list, typed

claims_app = typer.Typer(no_args_is_help=True, help="What textbooks say of recurrent networks, measured.")

Name = Annotated[str, typer.Argument(help="A claim (seqkit claims list), or a .toml file.")]


@claims_app.command("list")
def list_claims() -> None:
    """The name of each claim, how long its measurement takes, and what it says."""
    from seqkit.run.claims.claim import claim_names, load_claim

    claims = {name: load_claim(name) for name in claim_names()}
    width, long = max(map(len, claims)), max(len(claim.takes) for claim in claims.values())
    for name, claim in claims.items():
        print(f"{name:{width}}  {claim.takes:>{long}}  {claim.claim}")


@claims_app.command("show")
def show_claim(name: Name) -> None:
    """The claim's file, as it is; copy it to make your own."""
    from seqkit.run.claims.claim import claim_path

    print(claim_path(name).read_text(encoding="utf-8"), end="")


@claims_app.command("run")
def run_claim(
    name: Name,
    seeds: Annotated[
        str | None, typer.Option(metavar="1,2,3", help="Instead of the claim's seeds.", show_default=False)
    ] = None,
    overrides: Set = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder; runs/claims/NAME if left out. What is measured there is kept.", show_default=False),
    ] = None,
    device: Device = "cpu",
    threads: Threads = None,
) -> None:
    """Measure a claim and say whether it holds."""
    from seqkit.run.claims.command import ClaimRequest, claim_command

    request = ClaimRequest(
        claim=name,
        out=out,
        seeds=seed_list(seeds),
        overrides=overrides or [],
        device=device,
        threads=threads,
        command=typed(),
    )
    claim_command(request, make_console())
