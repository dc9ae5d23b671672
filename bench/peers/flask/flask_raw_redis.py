"""The limit on Flask: one GET and one parse, one SET, by hand."""

import json
import secrets

import redis
from application import SERVERS, flask_app
from flask import request

client = redis.Redis.from_url(SERVERS["redis"])


def load():
    text = client.get(f"raw:{request.cookies.get('id', '')}")
    return json.loads(text) if text else None


def read():
    data = load()
    return data["visits"] if data else 0


def write():
    data = load()
    if data is None:
        return 0
    data["visits"] += 1
    client.set(f"raw:{request.cookies['id']}", json.dumps(data), ex=2_678_400)
    return data["visits"]


def create(data, response):
    session_id = secrets.token_urlsafe(32)
    client.set(f"raw:{session_id}", json.dumps(data), ex=2_678_400)
    response.set_cookie("id", session_id, httponly=True)


app = flask_app(read, write, create)
