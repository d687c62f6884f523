package proxy_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/proxy"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// TestPathTable holds the table of docs/paths.md to what a Gate and the proxy do: each path is
// sent as it is, and the upstream keeps what it received.
func TestPathTable(t *testing.T) {
	page, err := os.ReadFile("../../../../docs/paths.md")
	if err != nil {
		t.Fatal(err)
	}
	u := rawUpstream(t, okAnswer)
	gates := map[string]string{}
	for name, route := range map[string]sallyport.Route{
		"":                      {},
		"allow-encoded-slash":   {AllowEncodedSlash: true},
		"allow-semicolon":       {AllowSemicolon: true},
		"allow-empty-segment":   {AllowEmptySegment: true},
		"allow-encoded-percent": {AllowEncodedPercent: true},
		"all four": {AllowEncodedSlash: true, AllowSemicolon: true, AllowEmptySegment: true,
			AllowEncodedPercent: true},
	} {
		route.Pattern, route.Public = "/", true
		g, err := sallyport.New(sallyport.Config{Routes: []sallyport.Route{route}, InsecureUnlimited: true})
		if err != nil {
			t.Fatal(err)
		}
		s := httptest.NewServer(g.Handler(newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String()})))
		t.Cleanup(s.Close)
		gates[name] = s.Listener.Addr().String()
	}
	// try returns the status, and the target that the upstream received.
	try := func(gate, target string) (status, received string) {
		before := u.count()
		head, _ := send(t, gate, "GET "+target+" HTTP/1.1\r\nHost: api.example\r\n\r\n")
		if u.count() != before {
			_, received, _ = strings.Cut(u.last(t), " ")
			received, _, _ = strings.Cut(received, " HTTP/1.1\r\n")
		}
		return head[:3], received
	}

	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if len(cells) < 3 || !strings.HasPrefix(cells[0], "`/") {
			continue
		}
		rows++
		text := func(cell string) string { return strings.ReplaceAll(strings.Trim(cell, "`"), `\|`, "|") }
		target, arrives := text(cells[0]), ""
		if last := cells[len(cells)-1]; strings.HasPrefix(last, "`/") {
			arrives = text(last)
		}
		want := fmt.Sprint(cells[1], " ", arrives)
		if cells[1] == "400" {
			want = "400 "
		}
		if status, received := try(gates[""], target); status+" "+received != want {
			t.Errorf("%s: %s %s, want %s", target, status, received, want)
		}
		if cells[1] != "400" {
			continue
		}
		name := strings.Trim(cells[2], "`")
		if status, received := try(gates[name], target); status != cells[3] || received != arrives {
			t.Errorf("%s with %s: %s %s, want %s %s", target, name, status, received, cells[3], arrives)
		}
	}
	if rows < 30 {
		t.Errorf("only %d rows", rows)
	}
}

// TestQuery: a QUERY that a document describes reaches the upstream with its body.
func TestQuery(t *testing.T) {
	const described = "openapi: 3.2.0\npaths: {/notes: {query: {security: [], requestBody: {content: " +
		"{application/json: {schema: {type: object, properties: {text: {type: string}}}}}}}}}"
	d, err := openapi.Parse([]byte(described), openapi.Config{})
	if err != nil {
		t.Fatal(err)
	}
	g, err := sallyport.New(sallyport.Config{OpenAPI: d})
	if err != nil {
		t.Fatal(err)
	}
	u := rawUpstream(t, okAnswer)
	s := httptest.NewServer(g.Handler(newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String()})))
	defer s.Close()
	for body, want := range map[string]string{`{"text":"a"}`: "200", `{"text":123}`: "422"} {
		head, _ := send(t, s.Listener.Addr().String(), "QUERY /notes HTTP/1.1\r\nHost: api.example\r\n"+
			"Content-Type: application/json\r\nContent-Length: 12\r\n\r\n"+body)
		if !strings.HasPrefix(head, want) {
			t.Errorf("%s: %s, want %s", body, head, want)
		}
	}
	if got := u.last(t); u.count() != 1 || !strings.HasPrefix(got, "QUERY /notes HTTP/1.1\r\n") ||
		!strings.HasSuffix(got, `{"text":"a"}`) {
		t.Errorf("the upstream got %q", got)
	}
}
