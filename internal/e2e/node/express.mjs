// A careless Express API: default settings, no security. It prints the address it
// listens on, and ends when its standard input does.
import { createServer } from "node:http";
import express from "express";
import { WebSocketServer } from "ws";

const app = express();
app.get("/health", (req, res) => res.json({ status: "ok" }));
app.get("/whoami", (req, res) => res.json({ subject: req.get("X-Sallyport-Subject"), fields: req.rawHeaders }));
app.post("/notes", express.json(), (req, res) => res.status(201).json({ owner: req.get("X-Sallyport-Subject"), text: req.body.text }));
// What an ORM hands out goes out whole.
const users = [{ id: 1, name: "Ada", passwordHash: "$2b$10$3euPcmQFCiblsZeEu5s7p.9OVHgeHWFDk9nhMqZ0m/3pd/lhwZgES", createdAt: 9007199254740992 }];
app.get("/users", (req, res) => res.json(users));
app.get("/users/:id", (req, res) => res.set("Cache-Control", "private").json(users[0]));
app.get("/boom", () => {
  throw new Error("cannot connect to postgres://admin:hunter2@db/notes");
});

// GET /events sends a first event, and a further one for each POST /events.
const listeners = new Set();
let sent = 0;
app.get("/events", (req, res) => {
  res.set("Content-Type", "text/event-stream");
  listeners.add(res);
  res.on("close", () => listeners.delete(res));
  res.write("data: 0\n\n");
});
app.post("/events", (req, res) => {
  sent++;
  for (const listener of listeners) listener.write(`data: ${sent}\n\n`);
  res.sendStatus(204);
});

const server = createServer(app);
const sockets = new WebSocketServer({ server, path: "/socket" });
sockets.on("connection", (socket, req) => {
  socket.send("hello " + req.headers["x-sallyport-subject"]);
  socket.on("message", (data, binary) => socket.send(data, { binary }));
});

server.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
process.stdin.resume().on("end", () => process.exit());
