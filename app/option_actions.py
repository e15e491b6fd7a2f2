"""The actions of a command that has several: `mien actor make`, `mien bench speed`."""

import argparse
from collections.abc import Callable

AddAction = Callable[[str, str, str], argparse.ArgumentParser]
"""`add(name, summary, example)`: another action's parser, for its own options."""


def actions_of(command: argparse.ArgumentParser, common: argparse.ArgumentParser,
               run: Callable[[str, argparse.Namespace], int]) -> AddAction:
    """What gives a command its actions, each with the common options.

    Args:
        run: called as `run(name, options)` when the command runs; returns the exit code.
    """
    actions = command.add_subparsers(metavar="ACTION", title="actions")

    def add(name: str, summary: str, example: str) -> argparse.ArgumentParser:
        action = actions.add_parser(name, parents=[common], help=summary, description=summary,
                                    epilog=f"example: {example}")
        action.set_defaults(run=lambda options: run(name, options))
        return action

    return add
