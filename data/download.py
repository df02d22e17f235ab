"""Download a registered file, whole and checked, or say why not."""

import logging
import warnings

from data.errors import DataError

TIMEOUT = (10, 60)  # seconds: to connect, and between two pieces of an answer


def import_pooch():
    """Import pooch at the first use, without tqdm's advice on widgets in notebooks."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="IProgress not found")
        import pooch
    return pooch


def fetch_file(file, base, root):
    """Download one file unless the cache holds it: under a temporary name, checked, then moved into place.

    Parameters
    ----------
    file : datasets.File
    base : str
        Address that the file's own is appended to.
    root : Path
        Folder of the cache.

    Raises
    ------
    DataError
        If the file cannot be had, is not the one registered, or cannot be written; nothing unfinished is left.
    """
    import requests

    pooch = import_pooch()
    pooch.get_logger().setLevel(logging.WARNING)
    target = root / file.name
    address = base + file.address
    try:
        pooch.retrieve(
            address,
            f"sha256:{file.sha256}",
            target.name,
            target.parent,
            downloader=pooch.HTTPDownloader(timeout=TIMEOUT),
        )
    except requests.exceptions.RequestException as error:
        raise DataError(f"{file.name} could not be fetched from {address}: {_reason(error)}") from error
    except ValueError as error:
        raise DataError(
            f"{file.name}: what {address} sent is not the registered file, its sha256 differs; "
            "nothing was kept: try again, or check the mirror if you use one"
        ) from error
    except OSError as error:
        reason = error.strerror or error
        raise DataError(
            f"{file.name} could not be written below {root}: {reason}; set FUSION_CACHE to another folder"
        ) from error


def _reason(error):
    """Why a download failed, in a few words, and what to do."""
    response = getattr(error, "response", None)
    if response is not None:
        what = f"the server answers {response.status_code} {response.reason}"
        return f"{what}; set FUSION_MIRROR if there is a copy elsewhere, or FUSION_DATA if you have the pictures"
    kind = type(error).__name__
    if "Timeout" in kind:
        return "no answer in time; check the network and run it again"
    if kind == "ChunkedEncodingError":
        return "the connection broke; run it again, finished files are kept"
    if kind in ("InvalidSchema", "MissingSchema", "InvalidURL"):
        return "this is no web address; FUSION_MIRROR must begin with http:// or https://"
    return "no connection; check the network, or set FUSION_DATA to a folder that holds the pictures"
