"""The application on Flask: four routes, one way to put a session library in."""

import json
import os

from flask import Flask, Response, request
from data import session_data

SERVERS = json.loads(os.environ["BENCH_SERVERS"])


def flask_app(read, write, create, prepare=None):
    app = Flask(__name__)
    if prepare:
        prepare(app)

    @app.get("/none")
    def none():
        return Response("none", mimetype="text/plain")

    @app.get("/read")
    def read_page():
        return Response(f"visits {read()}", mimetype="text/plain")

    @app.get("/write")
    def write_page():
        return Response(f"visits {write()}", mimetype="text/plain")

    @app.get("/new")
    def new_page():
        response = Response("new", mimetype="text/plain")
        create(session_data(request.args.get("size")), response)
        return response

    return app
