// Serves what programs of npm read of a request, see ../../readers/doc.go: readers.mjs PORT PORT, the
// second for Fastify. The first segment of the path is the reader, the second what it reads. Ends when its standard
// input does.
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import busboy from "busboy";
import cookieParser from "cookie-parser";
import express from "express";
import fastify from "fastify";
import multer from "multer";

const require = createRequire(import.meta.url);
const [port, fastifyPort] = process.argv.slice(2).map(Number);

const hex = (value) => Buffer.from(value).toString("hex");
function seen(value) {
  if (typeof value === "string") return ["t:" + hex(value)];
  if (Buffer.isBuffer(value)) return ["f:" + hex(value)];
  if (Array.isArray(value) && value.every((v) => typeof v === "string")) return value.flatMap(seen);
  return ["o:" + JSON.stringify(value)];
}

class Members {
  constructor() {
    this.members = Object.create(null);
  }
  add(name, value) {
    (this.members[name] ??= []).push(...seen(value));
  }
  static of(object) {
    const m = new Members();
    for (const [name, value] of Object.entries(object ?? {})) m.add(name, value);
    return m;
  }
}

function app(queries) {
  const made = express();
  made.set("query parser", queries);
  made.set("env", "test");
  return made;
}

const all = express();
for (const [name, extended] of [["qs", true], ["simple", false]]) {
  const one = app(extended ? "extended" : "simple");
  one.get("/query", (req, res) => res.json(Members.of(req.query)));
  one.post("/form", express.urlencoded({ extended }), (req, res) => res.json(Members.of(req.body)));
  all.use("/" + name, one);
}

all.get("/express/cookie", cookieParser(), (req, res) => res.json(Members.of(req.cookies)));

all.post("/multer/multipart", multer().any(), (req, res) => {
  const m = Members.of(req.body);
  for (const file of req.files ?? []) m.add(file.fieldname, file.buffer);
  res.json(m);
});

all.post("/busboy/multipart", (req, res, next) => {
  const m = new Members();
  let ended = false;
  const end = (answer) => {
    if (!ended) answer();
    ended = true;
  };
  const fail = (error) => end(() => next(error));
  const reader = busboy({ headers: req.headers, defParamCharset: "utf8" });
  reader.on("field", (name, value) => m.add(name, value));
  reader.on("file", (name, stream, info) => {
    const chunks = [];
    stream.on("error", fail);
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.on("end", () => (info.filename || chunks.length) && m.add(name, Buffer.concat(chunks)));
  });
  reader.on("error", fail);
  reader.on("close", () => end(() => res.json(m)));
  req.pipe(reader);
});

// Response.formData is undici's reader: WHATWG's grammar, as Deno, Bun and workers have it.
all.post("/undici/multipart", async (req, res, next) => {
  try {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const form = await new Response(Buffer.concat(chunks), { headers: { "content-type": req.headers["content-type"] } }).formData();
    const m = new Members();
    for (const [name, value] of form) {
      if (typeof value === "string") m.add(name, value);
      else if (value.name) m.add(name, Buffer.from(await value.arrayBuffer()));
    }
    res.json(m);
  } catch (error) {
    next(error);
  }
});

all.use((error, req, res, next) => res.status(400).json({ refused: String(error.message) }));

const other = fastify();
other.register(require("@fastify/multipart"));
other.register(require("@fastify/formbody"));
other.setErrorHandler((error, req, res) => res.status(400).send({ refused: error.message }));
other.get("/query", async (req) => Members.of(req.query));
other.post("/form", async (req) => Members.of(req.body));
other.post("/multipart", async (req) => {
  const m = new Members();
  for await (const part of req.parts()) {
    if (part.type !== "file") m.add(part.fieldname, part.value);
    else {
      const data = await part.toBuffer();
      if (part.filename || data.length) m.add(part.fieldname, data);
    }
  }
  return m;
});
await other.listen({ port: fastifyPort, host: "127.0.0.1" });
all.listen(port, "127.0.0.1");

await text(process.stdin);
process.exit();
