// Opens a WebSocket and has two messages echoed. Standard input: {url, headers, text}.
// Standard output: {status} of a refused handshake, or {greeting, text, size, code}.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { json } from "node:stream/consumers";
import WebSocket from "ws";

const { url, headers, text } = await json(process.stdin);
const socket = new WebSocket(url, { headers });
const messages = [];
let wake = () => {};
socket.on("message", (data) => {
  messages.push(data);
  wake();
});

async function next() {
  while (messages.length === 0) await new Promise((resolve) => (wake = resolve));
  return messages.shift();
}

socket.on("unexpected-response", (req, res) => {
  console.log(JSON.stringify({ status: res.statusCode }));
  process.exit();
});
const greeting = String(await next());
socket.send(text);
const echo = String(await next());
const big = randomBytes(200_000);
socket.send(big);
const back = await next();
socket.close(4001, "done");
const [code] = await once(socket, "close");
console.log(JSON.stringify({ greeting, text: echo, size: back.equals(big) ? back.length : -1, code }));
