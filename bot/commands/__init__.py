"""The bodies of the program's commands; each is imported only when it runs."""
