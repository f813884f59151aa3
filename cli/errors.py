"""The one error family: what went wrong, why, and what to try; and its exit codes."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Process exit codes, the same for every command."""

    OK = 0
    DATA = 1
    USAGE = 2
    CANNOT_OPEN = 3
    TIMEOUT = 4
    LOCKED = 5
    DISK = 6
    CHECKS_FAILED = 7
    INTERRUPTED = 130


class TrajhouseError(Exception):
    """An error a user can act on.

    Args:
        what: What failed and where, in one line.
        why: The cause, in one line.
        hint: What to try next, in one line.
        exit_code: How the process ends.
    """

    exit_code = ExitCode.DATA

    def __init__(self, what: str, why: str, hint: str, exit_code: ExitCode | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.hint = hint
        if exit_code is not None:
            self.exit_code = exit_code

    def __str__(self) -> str:
        """All of it in one line, for where it passes through other people's messages."""
        return f"{self.what}: {self.why}; try: {self.hint}"

    def __reduce__(self) -> tuple[type[TrajhouseError], tuple[str, str, str, ExitCode]]:
        """Travel between processes whole."""
        return type(self), (self.what, self.why, self.hint, self.exit_code)

    def as_lines(self) -> str:
        """The three lines printed on stderr."""
        return f"error: {self.what}\n  why: {self.why}\n  try: {self.hint}"

    def as_dict(self) -> dict[str, str | int]:
        """The same for `--json`."""
        return {
            "error": self.what,
            "why": self.why,
            "try": self.hint,
            "exit_code": int(self.exit_code),
        }


class UsageFault(TrajhouseError):
    """The command's words are off."""

    exit_code = ExitCode.USAGE


class CannotOpen(TrajhouseError):
    """A file, warehouse or tokenizer is not there or is not readable."""

    exit_code = ExitCode.CANNOT_OPEN


class DiskFault(TrajhouseError):
    """Reading or writing the disk failed."""

    exit_code = ExitCode.DISK


class Locked(TrajhouseError):
    """Another process holds the lock."""

    exit_code = ExitCode.LOCKED


class TimedOut(TrajhouseError):
    """The time limit was reached."""

    exit_code = ExitCode.TIMEOUT


class ChecksFailed(TrajhouseError):
    """A test or a verification did not hold."""

    exit_code = ExitCode.CHECKS_FAILED
