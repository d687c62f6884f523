"""Serves what Flask reads of a request, see doc.go: readers.py PORT."""
import logging
import sys

from flask import Flask, jsonify, request
from werkzeug.serving import make_server

logging.getLogger("werkzeug").setLevel(logging.ERROR)
app = Flask(__name__)


def text(value):
    return "t:" + value.encode("utf-8", "surrogateescape").hex()


@app.route("/<kind>", methods=["GET", "POST"])
def read(kind):
    members = {}
    if kind == "query":
        for name, values in request.args.lists():
            members[name] = [text(v) for v in values]
    elif kind == "cookie":
        for name, value in request.cookies.items():
            members[name] = [text(value)]
    else:
        for name, values in request.form.lists():
            members[name] = [text(v) for v in values]
        for name, files in request.files.lists():
            chosen = ["f:" + f.read().hex() for f in files if f.filename]
            if chosen:
                members.setdefault(name, []).extend(chosen)
    return jsonify(members=members)


make_server("127.0.0.1", int(sys.argv[1]), app, threaded=True).serve_forever()
