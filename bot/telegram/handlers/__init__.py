"""What each kind of Telegram update means."""
