"""A batch on dask.distributed: `crew` gives jobs, `worker` takes them, `placing` says where."""
