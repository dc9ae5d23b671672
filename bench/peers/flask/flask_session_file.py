"""Its file store, with the threshold of 500 sessions that it has by default."""

from application import SERVERS
from cachelib.file import FileSystemCache
from flask_session_app import flask_session_app

app = flask_session_app({"SESSION_TYPE": "cachelib", "SESSION_CACHELIB": FileSystemCache(cache_dir=SERVERS["directory"])})
