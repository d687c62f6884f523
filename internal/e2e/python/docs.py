# A FastAPI program as its tutorial has it, with its page of documentation at /docs.
import sys
import threading

import fastapi
import uvicorn
from fastapi.responses import JSONResponse, RedirectResponse

app = fastapi.FastAPI(title="Orders of the shop")


@app.get("/orders")
def orders(response: fastapi.Response):
    response.headers["Cache-Control"] = "public, max-age=60"
    return [{"id": 1}]


@app.get("/full")
def full():
    return JSONResponse({"error": {"code": "out_of_stock"}}, status_code=503)


@app.get("/items/")  # without the slash, Starlette redirects to an absolute address
def items():
    return []


@app.get("/away")
def away(request: fastapi.Request):
    return RedirectResponse(request.url_for("items"))


def until_input_ends():
    sys.stdin.read()
    server.should_exit = True


server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0))
threading.Thread(target=until_input_ends, daemon=True).start()
server.run()
