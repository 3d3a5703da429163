"""dask.distributed without its log: it tells on standard error what is told here as errors."""

import logging

LOGGERS = ("distributed", "dask", "tornado", "bokeh")


def hush() -> None:
    """Import dask.distributed, and have it log nothing that nobody asked for.

    Whoever wants its log says so as dask's users do, by `logging` in dask's configuration.

    Raises:
        ImportError: it is not installed.
    """
    import dask  # noqa: PLC0415 - takes half a second, and an extra that few have

    told = dask.config.get("distributed.logging", None) or dask.config.get("logging", None)
    import distributed  # noqa: F401, PLC0415 - sets its handlers up

    if told:
        return
    logging.raiseExceptions = False  # it logs while Python ends, when streams are closed
    known = [*LOGGERS, *logging.root.manager.loggerDict]
    for name in (each for each in known if each.partition(".")[0] in LOGGERS):
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL + 1)
