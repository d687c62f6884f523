// Package e2e tests the sallyport program against programs that nobody here wrote:
// jose, jsonwebtoken, Express and ws of npm, FastAPI, nginx and Chromium. It holds tests only.
//
// `make servers` installs what they need, and `make browser` Chromium. A test whose
// program is missing fails; with SALLYPORT_SKIP_SERVERS=1 it is skipped, and says so.
package e2e
