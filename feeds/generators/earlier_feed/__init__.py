"""The feed that a site has had: its entries, their ids, and what its generator writes."""
