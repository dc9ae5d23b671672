"""Flask-Session as its documentation sets it up; `settings` choose where it keeps the sessions."""

from application import flask_app
from flask import session
from flask_session import Session


def flask_session_app(settings):
    def prepare(app):
        app.config.update(settings)
        Session(app)

    def write():
        session["visits"] = session.get("visits", 0) + 1
        return session["visits"]

    return flask_app(
        prepare=prepare,
        read=lambda: session.get("visits", 0),
        write=write,
        create=lambda data, response: session.update(data),
    )
