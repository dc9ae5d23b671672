import redis
from application import SERVERS
from flask_session_app import flask_session_app

app = flask_session_app({"SESSION_TYPE": "redis", "SESSION_REDIS": redis.Redis.from_url(SERVERS["redis"])})
