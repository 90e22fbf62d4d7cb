"""The actors: mailbox in, core, effects out. They meet only through topics."""
