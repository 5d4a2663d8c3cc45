"""Who drafts a reply: the playbook, and a language model where one is set."""
