"""The command line: each command is a few lines that call the house. Nothing heavy is imported here."""

import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Literal, ParamSpec

import typer

P = ParamSpec("P")

commands = typer.Typer(
    help="PASSFEL, a private assistant for one household, with or without a language model.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
bench = typer.Typer(
    help="Measure the assistant on this machine.", no_args_is_help=True, rich_markup_mode=None
)
commands.add_typer(bench, name="bench")
evaluate = typer.Typer(
    help="Judge the assistant by what it does.", no_args_is_help=True, rich_markup_mode=None
)
commands.add_typer(evaluate, name="eval")
feeds = typer.Typer(help="The news feeds that are read.", no_args_is_help=True, rich_markup_mode=None)
commands.add_typer(feeds, name="feeds")

Thread = Annotated[str, typer.Option(help="The conversation that is gone on with.")]
User = Annotated[str, typer.Option(help="Whose calendar, tasks and notes are meant.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def main() -> None:
    """The entry point `passfel`."""
    commands(prog_name="passfel")


def _told(command: Callable[P, int]) -> Callable[P, None]:
    """Turn what a command returns into the exit code, and what it raises into a sentence on stderr."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        raise typer.Exit(_outcome(lambda: command(*args, **kwargs)))

    return run


def _outcome(command: Callable[[], int]) -> int:
    from passfel.household.errors import PassfelError

    try:
        return command()
    except PassfelError as error:
        typer.echo(error.sentence, err=True)
        return error.exit_code
    except (KeyboardInterrupt, SystemExit):
        raise
    except BrokenPipeError:  # the reader of our output has left: nobody to tell anything
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the last place where anything can still be said
        from passfel.app.log import unexpected

        told = unexpected(error)
        typer.echo(told.sentence, err=True)
        return told.exit_code


@commands.command()
@_told
def chat(thread: Thread = "terminal", user: User = "", as_json: AsJson = False) -> int:
    """Talk with the assistant. Piped input is answered line by line."""
    from passfel.app.terminal.chat import chat

    return chat(thread=thread, user=user, as_json=as_json)


@commands.command()
@_told
def ask(
    text: Annotated[str, typer.Argument(help="What to ask; - reads it from standard input.")],
    thread: Thread = "ask",
    user: User = "",
    as_json: AsJson = False,
) -> int:
    """Ask one thing, and print the answer.

    Exit codes: 0 it was answered, also where the answer says that something could not be done (--json lists the
    tools that failed and the receipts of what was done); 3 it needs your yes, and the question was printed
    (ask "yes" to go on); 65, 69 or 78 bad input, something that is needed does not answer, or wrong settings.
    """
    from passfel.app.ask import ask

    return ask(text, thread=thread, user=user, as_json=as_json)


@commands.command()
@_told
def doctor(as_json: AsJson = False) -> int:
    """Tell what is configured, what answers, and what is missing. Exit code 0: the assistant can answer."""
    from passfel.app.doctor import doctor

    return doctor(as_json=as_json)


@commands.command()
@_told
def login(
    service: Annotated[Literal["google"], typer.Argument(help="The service to sign in to.")],
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port the browser comes back to; 0 takes a free one.")
    ] = 0,
) -> int:
    """Sign the household in to a service, in a browser on this machine.

    On a machine without a browser, forward a port of another one to it (ssh -L 8765:127.0.0.1:8765 box), give it
    with --port, and open the address there.
    """
    from passfel.app.login import login

    return login(service, port)


@commands.command()
@_told
def graph() -> int:
    """Print the state machine as a Mermaid drawing."""
    from passfel.app.graph_picture import graph_picture

    typer.echo(graph_picture())
    return 0


@commands.command()
@_told
def plan(
    model: Annotated[
        str, typer.Option(help="The model, or a part of its name; without it: all of them.")
    ] = "",
    quant: Annotated[str, typer.Option(help="The build: BF16, FP8, INT4 or NVFP4.")] = "",
    context: Annotated[int, typer.Option(min=1, help="Tokens of conversation a user has.")] = 32_768,
    users: Annotated[int, typer.Option(min=1, help="How many talk with it at once.")] = 4,
    box: Annotated[str, typer.Option(help="The box: gx10, spark, h200, rtx5090 or m4max.")] = "gx10",
    plot: Annotated[str, typer.Option(help="Draw a picture into this file (needs the extra plots).")] = "",
    as_json: AsJson = False,
) -> int:
    """Tell whether a language model fits a box, with how large a cache, and how fast it can be."""
    from passfel.app.plan import plan

    return plan(model, quant, context, users, box, plot, as_json=as_json)


@commands.command()
@_told
def serve(
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen at.")] = 2024,
) -> int:
    """Serve the assistant over HTTP: LangGraph's own routes, and a chat route."""
    from passfel.app.serve import serve

    return serve(host, port)


@commands.command()
@_told
def maintenance(
    wish: Annotated[Literal["on", "off", "status"], typer.Argument(help="What to do.")],
    wait: Annotated[bool, typer.Option("--wait", help="Wait until no model call runs any more.")] = False,
    patience: Annotated[float, typer.Option(min=0, help="Seconds to wait; then exit code 75.")] = 600,
) -> int:
    """Leave the language model's server alone for a while: rules and the embedded model answer."""
    from passfel.app.maintenance import maintenance

    return maintenance(wish, wait=wait, patience_s=patience)


@commands.command()
@_told
def ingest(
    paths: Annotated[list[Path] | None, typer.Argument(help="Folders and files.")] = None,
    user: Annotated[str, typer.Option(help="Whose documents they are; without it, the household's.")] = "",
    forget: Annotated[
        bool, typer.Option("--forget", help="Let go of what was read, also where a whole folder is gone.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Read documents: PDF, Word, PowerPoint, Excel, OpenDocument, web pages, Markdown, text, e-mail.

    Only what is new or changed since the last run is read; what is gone is let go of; what can't be read is named and
    passed over. It can be stopped at any time and run again.
    """
    from passfel.app.ingest import ingest

    return ingest(paths or [], user=user, forget=forget, as_json=as_json)


@commands.command()
@_told
def search(
    words: Annotated[list[str], typer.Argument(help="What to look for, in any words.")],
    user: Annotated[str, typer.Option(help="Who asks: their documents, and the household's.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many passages.")] = 5,
    as_json: AsJson = False,
) -> int:
    """Search the documents that were read. Exit code 1 where nothing is found."""
    from passfel.app.search import search

    return search(" ".join(words), user=user, limit=limit, as_json=as_json)


@bench.command("turn")
@_told
def bench_turn(
    turns: Annotated[int, typer.Option(min=2, help="How many turns to measure.")] = 200,
    conversation: Annotated[int, typer.Option(min=0, help="Turns in a conversation; 0 is all.")] = 0,
    as_json: AsJson = False,
) -> int:
    """Time the fast path, beside a plain agent in the same run."""
    from passfel.evals.bench_turn import main as measure

    return measure(turns, conversation, as_json=as_json)


@bench.command("embeddings")
@_told
def bench_embeddings(
    models: Annotated[
        list[Path] | None, typer.Argument(help="Other files that scripts/build_embeddings.py built.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Measure the shipped embedding model, beside others: what it finds, how fast, how large."""
    from passfel.evals.bench_embeddings import main as measure

    return measure(models or [], as_json=as_json)


@bench.command("llm")
@_told
def bench_llm(
    base_url: Annotated[str, typer.Option(help="An OpenAI-compatible server: http://127.0.0.1:30000/v1.")],
    model: Annotated[str, typer.Option(help="The name under which the server offers it.")] = "passfel",
    api_key_file: Annotated[Path | None, typer.Option(help="A file that holds the server's key.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is asked at 1, 5 and 20 at once.")] = 2,
    seconds: Annotated[float, typer.Option(min=1, help="No new round is begun after so long.")] = 900,
    as_json: AsJson = False,
    plot: Annotated[Path | None, typer.Option(help="Draw a picture into this file as well.")] = None,
) -> int:
    """Time a language model's server against what a household needs; exit code 1 when a target is missed."""
    from passfel.evals.bench_llm import Options
    from passfel.evals.bench_llm_report import main as measure

    options = Options(rounds=rounds, seconds=seconds)
    return measure(
        base_url, model=model, api_key_file=api_key_file, options=options, as_json=as_json, plot=plot
    )


@bench.command("nlu")
@_told
def bench_nlu(as_json: AsJson = False) -> int:
    """How long understanding takes with 20, 200 and 2,000 devices, beside Home Assistant's own sentences alone."""
    from passfel.evals.bench_nlu import main as measure

    return measure(as_json=as_json)


@evaluate.command("tokens")
@_told
def eval_tokens(
    as_json: AsJson = False,
    wrong: Annotated[bool, typer.Option("--wrong", help="List the sentences that went wrong.")] = False,
) -> int:
    """Count model calls and prompt tokens a turn, beside two plain agents; exit code 1 when a goal is missed."""
    from passfel.evals.calls_and_tokens import main as measure

    return measure(as_json=as_json, wrong=wrong)


@evaluate.command("intents")
@_told
def eval_intents(
    file: Annotated[
        Path | None, typer.Option("--file", help='JSON lines: {"id", "text", "domain"?}.')
    ] = None,
    wrong: Annotated[bool, typer.Option("--wrong", help="List the sentences that went wrong.")] = False,
    words_only: Annotated[
        bool, typer.Option("--words-only", help="As on a machine that can't run the embedding model.")
    ] = False,
    against: Annotated[
        Path | None,
        typer.Option("--against", help="What an earlier run printed; exit code 1 where it was better."),
    ] = None,
    curve: Annotated[
        bool, typer.Option("--curve", help="Instead: the learning curve, cross-validated (minutes).")
    ] = False,
) -> int:
    """Tell the domain of each sentence, a JSON line each; figures on standard error where labels are given."""
    from passfel.evals.intents import curve as learning_curve
    from passfel.evals.intents import main as measure
    from passfel.household.errors import RequestError

    if curve:
        return learning_curve()
    if file is None:
        raise RequestError(
            "Name a file of sentences with --file, or ask for the learning curve with --curve."
        )
    return measure(file, wrong=wrong, words_only=words_only, against=against)


@evaluate.command("home")
@_told
def eval_home(
    file: Annotated[Path, typer.Option("--file", help='JSON lines: {"id", "text", "device_area"?}.')],
    home: Annotated[Path, typer.Option("--home", help="The home as JSON: floors, areas, entities.")],
) -> int:
    """Say what each sentence does to a home in a file, a JSON line each; figures on standard error."""
    from passfel.evals.home import main as measure

    return measure(file, home)


@evaluate.command("faults")
@_told
def eval_faults(as_json: AsJson = False) -> int:
    """Make every provider fail in every way and print the matrix; exit code 1 where an answer is wrong."""
    from passfel.evals.faults import main as measure

    return measure(as_json=as_json)


@evaluate.command("documents")
@_told
def eval_documents(
    pieces: Annotated[int, typer.Option(min=0, help="Made-up pieces beside the papers, for the time.")] = 0,
    as_json: AsJson = False,
) -> int:
    """Ask a household's questions of its papers: what is found, by meaning, by words and by both, and how fast."""
    from passfel.evals.documents import main as measure

    return measure(pieces, as_json=as_json)


@evaluate.command("replay")
@_told
def eval_replay(
    folder: Annotated[Path, typer.Argument(help="Recorded answers of model servers.")],
    as_json: AsJson = False,
) -> int:
    """Replay recorded answers of model servers through the client; exit code 1 when one is taken wrongly."""
    from passfel.evals.replay import main as measure

    return measure(folder, as_json=as_json)


@commands.command("serve-model")
@_told
def serve_model(
    engine: Annotated[str, typer.Argument(help="sglang, vllm or tensorrt-llm.")] = "sglang",
    print_only: Annotated[
        str | None, typer.Option("--print", help="command, env, container or unit.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="A folder, or a name on the Hugging Face hub.")] = None,
    host: Annotated[
        str, typer.Option(help="The address to listen at; the server has no password.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen at.")] = 30000,
    context: Annotated[int | None, typer.Option(min=1, help="Tokens of one conversation.")] = None,
    memory_fraction: Annotated[float, typer.Option(help="Part of the free memory that it may take.")] = 0.8,
    requests: Annotated[int, typer.Option(min=1, help="Answers that are written at once.")] = 4,
    draft_steps: Annotated[int, typer.Option(min=0, help="Tokens drafted ahead; 0 drafts none.")] = 1,
    runtime: Annotated[str | None, typer.Option(help="Run it in a container of docker or podman.")] = None,
    image: Annotated[str, typer.Option(help="The container's image, best by its digest.")] = "",
    environment_dir: Annotated[Path | None, typer.Option(help="The environment that has the engine.")] = None,
    extra: Annotated[list[str] | None, typer.Option(help="A further argument of the engine's own.")] = None,
    box: Annotated[str, typer.Option(help="The box (see “passfel plan”) that the sizes are for.")] = "gx10",
    check: Annotated[bool, typer.Option("--check", help="Only look whether it could be started.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Start it whatever the checks say.")] = False,
) -> int:
    """Start the language model's server, watch it, and start it again when it dies or hangs."""
    from passfel.app.serve_model import ModelOptions, serve_model

    options = ModelOptions(
        model, host, port, context, memory_fraction, requests, draft_steps, runtime, image, environment_dir,
        tuple(extra or ()), box,
    )  # fmt: skip
    return serve_model(engine, print_only, options, check_only=check, force=force)


@feeds.command("import")
@_told
def feeds_import(
    file: Annotated[Path, typer.Argument(help="An OPML file, as feed readers export it.")],
) -> int:
    """Put the feeds of an OPML file to the household's."""
    from passfel.app.feeds import import_feeds

    return import_feeds(file)


@feeds.command("list")
@_told
def feeds_list() -> int:
    """List every feed that is read: where it is from, its section, name and address."""
    from passfel.app.feeds import list_feeds

    return list_feeds()


@feeds.command("remove")
@_told
def feeds_remove(url: Annotated[str, typer.Argument(help="The address of an imported feed.")]) -> int:
    """Take an imported feed out again."""
    from passfel.app.feeds import remove_feed

    return remove_feed(url)


@commands.callback(invoke_without_command=True)
def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    """What stands before a command."""
    if version:
        from importlib.metadata import version as version_of

        typer.echo(f"passfel {version_of('passfel')}")
        raise typer.Exit


if __name__ == "__main__":
    main()
