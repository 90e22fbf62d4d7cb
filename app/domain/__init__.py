"""The pure core: what Carillon decides. No IO, no clock, no chance: everything, `now` included, is an argument."""
