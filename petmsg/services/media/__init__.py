"""Pictures and files of messages: fetched from the provider, erased from the store."""
