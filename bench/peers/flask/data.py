"""What is kept in a session: the same as in bench/http/data.mjs."""

LINE = "The browser holds a ticket, the server keeps the coat until it is asked for."


def session_data(size):
    data = {"visits": 0, "user": "visitor-4711", "theme": "dark", "cart": ["scarf", "gloves", "umbrella"]}
    if size == "large":
        data["lines"] = [f"{n} {LINE}" for n in range(205)]
    return data
