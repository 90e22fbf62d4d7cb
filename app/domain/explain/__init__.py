"""Why a campaign was or was not sent to a user: the same core, asked again with time to answer (C151)."""
