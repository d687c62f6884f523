// Package readers tests that what passes a document (validate/openapi) is read alike by the programs that stand behind
// gates: multer, busboy, Fastify, undici, Express, PHP, Flask, Django, Starlette, Rack
// and Go. It holds tests only.
//
// Each program answers a request with {"members": {name: [value, …]}}: what a handler finds there by its usual means.
// A value is "t:" and a text in hexadecimal, "f:" and a file so, or "o:" and anything else as JSON. {"refused": why} is
// that it reads nothing. `make servers` installs what is needed; without it the tests fail, or with
// SALLYPORT_SKIP_SERVERS=1 skip and say so.
package readers
