"""`python -m afspec`, for where the command is not on PATH."""

from afspec.cli import main

if __name__ == "__main__":
    main()
