"""Serves what programs of Python read of a request, see doc.go: readers.py PORT. The first segment of the path is the
reader, the second what it reads."""
import asyncio
import json
import logging
import sys

import django.conf
from django.core.handlers.wsgi import WSGIRequest
from flask import Request
from starlette.datastructures import Headers, QueryParams, UploadFile
from starlette.formparsers import FormParser, MultiPartParser
from starlette.requests import cookie_parser
from werkzeug.serving import make_server

django.conf.settings.configure(ALLOWED_HOSTS=["*"])
logging.disable(logging.CRITICAL)


def text(value):
    return "t:" + value.encode("utf-8", "surrogateescape").hex()


def by_lists(fields, files):
    members = {name: [text(v) for v in values] for name, values in fields.lists()}
    for name, uploads in files.lists() if files is not None else []:
        chosen = ["f:" + f.read().hex() for f in uploads if getattr(f, "filename", None) or getattr(f, "name", None)]
        if chosen:
            members.setdefault(name, []).extend(chosen)
    return members


def by_dict(cookies):
    return {name: [text(value)] for name, value in cookies.items()}


def flask(kind, environ):
    request = Request(environ)
    if kind == "cookie":
        return by_dict(request.cookies)
    if kind == "query":
        return by_lists(request.args, None)
    return by_lists(request.form, request.files)


def django_(kind, environ):
    request = WSGIRequest(environ)
    if kind == "cookie":
        return by_dict(request.COOKIES)
    if kind == "query":
        return by_lists(request.GET, None)
    return by_lists(request.POST, request.FILES)


async def starlette_form(kind, environ):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))

    async def stream():
        yield body
        yield b""

    parser = MultiPartParser if kind == "multipart" else FormParser
    form = await parser(Headers({"content-type": environ.get("CONTENT_TYPE", "")}), stream()).parse()
    members = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            if value.filename:
                members.setdefault(name, []).append("f:" + (await value.read()).hex())
        else:
            members.setdefault(name, []).append(text(value))
    return members


def starlette(kind, environ):
    if kind == "cookie":
        return by_dict(cookie_parser(environ.get("HTTP_COOKIE", "")))
    if kind == "query":
        members = {}
        for name, value in QueryParams(environ["QUERY_STRING"].encode("latin-1")).multi_items():
            members.setdefault(name, []).append(text(value))
        return members
    return asyncio.run(starlette_form(kind, environ))


def application(environ, start_response):
    _, reader, kind = environ["PATH_INFO"].split("/")
    status = "200 OK"
    try:
        answer = {"members": {"flask": flask, "django": django_, "starlette": starlette}[reader](kind, environ)}
    except Exception as error:
        status, answer = "400 Bad Request", {"refused": type(error).__name__}
    start_response(status, [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]


make_server("127.0.0.1", int(sys.argv[1]), application, threaded=True).serve_forever()
