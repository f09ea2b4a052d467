"""The subcommands of `inspector`, a module each."""
