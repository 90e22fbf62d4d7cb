"""The ways out to a provider. They meet nobody."""
