"""Runs a command line in this process, and returns what it prints."""

import pytest

from scrape_operator.cli import main


def captured(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    """Run the program, which must end with a code; return its standard output and standard error."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == code
    done = capsys.readouterr()
    return done.out, done.err


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """Run the program, which must end with a code; return its standard output."""
    return captured(capsys, *arguments, code=code)[0]
